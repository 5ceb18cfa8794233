//! The table `events`, as SQLite wants a virtual table to be (<https://sqlite.org/vtab.html>).
#![allow(unsafe_code, reason = "SQLite is told how tables and cursors lie in memory")]

use std::borrow::Cow;
use std::ffi::{CStr, CString, c_int};
use std::marker::PhantomData;

use rusqlite::types::{Value, ValueRef};
use rusqlite::vtab::{Context, Filters, IndexConstraintOp, IndexInfo, Module, VTab, VTabConnection, VTabCursor};
use rusqlite::{Connection, Error, Result, ffi};

use crate::columns::{self, COLUMNS, SESSION, TIME};
use crate::scan::{Scan, Source, Wanted};

/// Makes the table known to a connection.
pub(crate) fn add_table(connection: &Connection, source: Source) -> Result<()> {
    const MODULE: Module<Events> = Module::eponymous_only_module();
    connection.create_module(c"events", &MODULE, Some(source))
}

/// The table.
#[repr(C)]
struct Events {
    base: ffi::sqlite3_vtab,
    source: Source,
}

/// Where a statement stands in the table.
#[repr(C)]
struct Cursor<'table> {
    base: ffi::sqlite3_vtab_cursor,
    source: Source,
    scan: Option<Scan>,
    /// Events passed: the number of a row.
    passed: i64,
    table: PhantomData<&'table Events>,
}

/// Conditions that are handed to the cursor, as bits of the number of the index; their values follow in this order.
const BY_SESSION: c_int = 1;
const BY_SINCE: c_int = 2;
const BY_UNTIL: c_int = 4;

// SAFETY: the table is `repr(C)` and begins with what SQLite keeps in it.
unsafe impl<'table> VTab<'table> for Events {
    type Aux = Source;
    type Cursor = Cursor<'table>;

    fn connect(
        _: &mut VTabConnection,
        source: Option<&Source>,
        _: &[u8],
        _: &[u8],
        _: &[u8],
        _: &[&[u8]],
    ) -> Result<(Cow<'static, CStr>, Self)> {
        let source = source.ok_or_else(|| Error::ModuleError("no source".to_owned()))?.clone();
        let schema = CString::new(format!("CREATE TABLE events({})", COLUMNS.join(", ")))?;
        Ok((Cow::Owned(schema), Self { base: ffi::sqlite3_vtab::default(), source }))
    }

    fn best_index(&self, info: &mut IndexInfo) -> Result<bool> {
        let mut places = [None; 3];
        for (place, constraint) in info.constraints().enumerate() {
            if !constraint.is_usable() || info.collation(place)? != "BINARY" {
                continue;
            }
            use IndexConstraintOp::*;
            let slot = match (constraint.column(), constraint.operator()) {
                (SESSION, SQLITE_INDEX_CONSTRAINT_EQ) => 0,
                (TIME, SQLITE_INDEX_CONSTRAINT_GT | SQLITE_INDEX_CONSTRAINT_GE) => 1,
                (TIME, SQLITE_INDEX_CONSTRAINT_LT | SQLITE_INDEX_CONSTRAINT_LE) => 2,
                _ => continue,
            };
            // Of two, one is enough: SQLite looks at each row again.
            places[slot] = Some(place);
        }
        let mut handed = 0;
        for (place, bit) in places.into_iter().zip([BY_SESSION, BY_SINCE, BY_UNTIL]) {
            if let Some(place) = place {
                handed |= bit;
                info.constraint_usage(place).set_argv_index(handed.count_ones().cast_signed());
            }
        }
        info.set_idx_num(handed);
        info.set_estimated_cost(if handed & BY_SESSION != 0 { 1e4 } else { 1e7 });
        Ok(true)
    }

    fn open(&'table mut self) -> Result<Cursor<'table>> {
        let base = ffi::sqlite3_vtab_cursor::default();
        Ok(Cursor { base, source: self.source.clone(), scan: None, passed: 0, table: PhantomData })
    }
}

// SAFETY: the cursor is `repr(C)` and begins with what SQLite keeps in it.
unsafe impl VTabCursor for Cursor<'_> {
    fn filter(&mut self, handed: c_int, _: Option<&str>, values: &Filters<'_>) -> Result<()> {
        let mut values = values.iter();
        // What is no text says nothing about texts that SQLite would not see later.
        let mut text = |bit: c_int| match (handed & bit != 0).then(|| values.next())?? {
            ValueRef::Text(text) => std::str::from_utf8(text).ok().map(str::to_owned),
            _ => None,
        };
        let wanted = Wanted { session: text(BY_SESSION), since: text(BY_SINCE), until: text(BY_UNTIL) };
        self.scan = Some(Scan::new(self.source.clone(), wanted).map_err(failed)?);
        Ok(())
    }

    fn next(&mut self) -> Result<()> {
        self.passed += 1;
        self.scan.as_mut().map_or(Ok(()), Scan::step).map_err(failed)
    }

    fn eof(&self) -> bool {
        self.scan.as_ref().is_none_or(|scan| scan.row.is_none())
    }

    fn column(&self, context: &mut Context, column: c_int) -> Result<()> {
        let row = self.scan.as_ref().and_then(|scan| scan.row.as_ref());
        context.set_result(row.map_or(Value::Null, |row| columns::value(row, column)))
    }

    fn rowid(&self) -> Result<i64> {
        Ok(self.passed)
    }
}

fn failed(error: pinfold_ledger::LedgerError) -> Error {
    Error::ModuleError(error.to_string())
}
