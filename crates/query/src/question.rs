//! A question, and what it may do.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use pinfold_ledger::Ledger;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, Rows};

use crate::answer::{Answer, Cell};
use crate::limits::{Limits, MEMORY_BYTES_MAX, QUESTION_BYTES_MAX, STEPS_BETWEEN_LOOKS, VALUE_BYTES_MAX};
use crate::scan::Source;
use crate::sys;

/// What can be read besides `events`: what takes JSON apart.
const TABLES: [&str; 3] = ["events", "json_each", "json_tree"];
/// Functions that reach beyond the question.
const REFUSED_FUNCTIONS: [&str; 1] = ["load_extension"];

/// Why a question has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// It wants more than to read events.
    #[error("a question is one SELECT over the table `events`; it changes nothing and reads nothing else")]
    Refused,
    /// It took too long.
    #[error("the question took longer than {} seconds", .0.as_secs())]
    TooLong(std::time::Duration),
    /// It is longer than is read.
    #[error("the question has more than {QUESTION_BYTES_MAX} bytes")]
    TooLarge,
    /// It cannot be understood or answered.
    #[error("failed to answer the question")]
    Failed(#[from] rusqlite::Error),
}

/// Answers a question in SQL about the events of a ledger.
///
/// # Errors
/// When the question is none, does more than to read, takes too long, or when the ledger cannot be read.
pub fn query(ledger: &Ledger, question: &str, limits: Limits) -> Result<Answer, QueryError> {
    if question.len() > QUESTION_BYTES_MAX {
        return Err(QueryError::TooLarge);
    }
    let unreadable = Arc::new(AtomicU64::new(0));
    let source = Source { ledger: ledger.clone(), unreadable: Arc::clone(&unreadable) };
    let connection = connection(source, limits)?;
    let answer = answer(&connection, question, limits).map_err(|error| explained(error, limits))?;
    Ok(Answer { unreadable: unreadable.load(Ordering::Relaxed), ..answer })
}

/// A connection to an empty database in memory, from which only events can be read.
fn connection(source: Source, limits: Limits) -> rusqlite::Result<Connection> {
    let mut connection = Connection::open_in_memory()?;
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.pragma_update(None, "hard_heap_limit", MEMORY_BYTES_MAX)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    sys::add_table(&connection, source)?;
    connection.authorizer(Some(authorize))?;
    let end = Instant::now() + limits.time;
    connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(move || Instant::now() > end))?;
    Ok(connection)
}

fn authorize(context: AuthContext<'_>) -> Authorization {
    let allowed = match context.action {
        AuthAction::Select | AuthAction::Recursive => true,
        AuthAction::Read { table_name, .. } => TABLES.contains(&table_name),
        AuthAction::Function { function_name } => !REFUSED_FUNCTIONS.contains(&function_name),
        _ => false,
    };
    if allowed { Authorization::Allow } else { Authorization::Deny }
}

fn answer(connection: &Connection, question: &str, limits: Limits) -> rusqlite::Result<Answer> {
    let mut statement = connection.prepare(question)?;
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let width = columns.len();
    let mut answer = Answer { columns, rows: Vec::new(), more: false, unreadable: 0 };
    let (mut rows, mut bytes) = (statement.query([])?, 0);
    while let Some(row) = next(&mut rows, width)? {
        bytes += row.iter().map(Cell::bytes).sum::<usize>();
        if answer.rows.len() == limits.rows || bytes > limits.bytes {
            answer.more = true;
            break;
        }
        answer.rows.push(row);
    }
    Ok(answer)
}

fn next(rows: &mut Rows<'_>, width: usize) -> rusqlite::Result<Option<Vec<Cell>>> {
    let Some(row) = rows.next()? else { return Ok(None) };
    let cell = |column| {
        Ok(match row.get_ref(column)? {
            ValueRef::Null => Cell::Null,
            ValueRef::Integer(number) => Cell::Integer(number),
            ValueRef::Real(number) => Cell::Real(number),
            ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
            ValueRef::Blob(bytes) => Cell::Text(String::from_utf8_lossy(bytes).into_owned()),
        })
    };
    (0..width).map(cell).collect::<rusqlite::Result<_>>().map(Some)
}

fn explained(error: rusqlite::Error, limits: Limits) -> QueryError {
    match error.sqlite_error_code() {
        Some(ErrorCode::AuthorizationForStatementDenied) => QueryError::Refused,
        Some(ErrorCode::OperationInterrupted) => QueryError::TooLong(limits.time),
        _ if matches!(error, rusqlite::Error::MultipleStatement) => QueryError::Refused,
        _ => QueryError::Failed(error),
    }
}
