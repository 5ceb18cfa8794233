//! An answer, and the forms that it is shown in.

use pinfold_ledger::export::csv_cell;
use pinfold_ledger::plain;
use serde_json::{Map, Value};

/// What a question is answered with.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Names of its columns.
    pub columns: Vec<String>,
    /// Rows, each with a cell for each column.
    pub rows: Vec<Vec<Cell>>,
    /// Are there more rows than the limits let in?
    pub more: bool,
    /// Lines of logs that could not be read, and so are not considered.
    pub unreadable: u64,
}

/// A value of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// There is none.
    Null,
    /// A whole number.
    Integer(i64),
    /// Another number.
    Real(f64),
    /// A text.
    Text(String),
}

impl Answer {
    /// As a table for people. No character of a text can move a terminal's cursor or turn the line around.
    pub fn table(&self) -> String {
        let cells = self.rows.iter().map(|row| row.iter().map(|cell| plain(&cell.to_string())).collect());
        let head: Vec<String> = self.columns.iter().map(|name| plain(name)).collect();
        let lines: Vec<Vec<String>> = std::iter::once(head).chain(cells).collect();
        let width = |column: usize| lines.iter().filter_map(|line| Some(line.get(column)?.chars().count())).max();
        let widths: Vec<usize> = (0..self.columns.len()).filter_map(width).collect();
        let mut table = String::new();
        for line in lines {
            let padded = line.iter().zip(&widths).map(|(text, width)| format!("{text:<width$}"));
            table += padded.collect::<Vec<_>>().join("  ").trim_end();
            table.push('\n');
        }
        table
    }

    /// As a list of objects in JSON, one on each line.
    pub fn json(&self) -> String {
        let object = |row: &Vec<Cell>| {
            let members = self.columns.iter().cloned().zip(row.iter().map(Cell::json));
            Value::Object(Map::from_iter(members)).to_string()
        };
        format!("[{}]\n", self.rows.iter().map(object).collect::<Vec<_>>().join(",\n"))
    }

    /// As comma-separated values with a first line of names (RFC 4180). Texts are as plain as in [`table`](Self::table),
    /// and none is taken for a formula.
    pub fn csv(&self) -> String {
        let written = |cell: &Cell| match cell {
            Cell::Text(text) => csv_cell(&plain(text)),
            number => number.to_string(),
        };
        let mut csv = String::new();
        let names = self.columns.iter().map(|name| csv_cell(&plain(name))).collect();
        let rows = self.rows.iter().map(|row| row.iter().map(written).collect());
        for line in std::iter::once::<Vec<String>>(names).chain(rows) {
            csv += &line.join(",");
            csv += "\r\n";
        }
        csv
    }
}

impl Cell {
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + if let Self::Text(text) = self { text.len() } else { 0 }
    }

    fn json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Integer(number) => (*number).into(),
            Self::Real(number) => (*number).into(),
            Self::Text(text) => text.as_str().into(),
        }
    }
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Integer(number) => number.fmt(f),
            Self::Real(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> Answer {
        let rows = vec![
            vec![Cell::Text("a,\"b\"".into()), Cell::Integer(1)],
            vec![Cell::Text("\u{1b}[31m\u{202e}\n".into()), Cell::Null],
        ];
        Answer { columns: vec!["text".into(), "n".into()], rows, more: false, unreadable: 0 }
    }

    #[test]
    fn a_table_is_plain_and_in_line() {
        let expected =
            ["text                  n", "a,\"b\"                 1", "\\u{1b}[31m\\u{202e}\\n", ""].join("\n");
        assert_eq!(answer().table(), expected);
    }

    #[test]
    fn json_loses_nothing() {
        let read: Value = serde_json::from_str(&answer().json()).expect("JSON");
        assert_eq!(read, serde_json::json!([{"text": "a,\"b\"", "n": 1}, {"text": "\u{1b}[31m\u{202e}\n", "n": null}]));
    }

    #[test]
    fn values_with_commas_are_quoted() {
        assert_eq!(answer().csv(), "text,n\r\n\"a,\"\"b\"\"\",1\r\n\\u{1b}[31m\\u{202e}\\n,\r\n");
    }

    #[test]
    fn a_text_is_no_formula_in_a_spreadsheet_and_a_number_stays_one() {
        let rows = vec![vec![Cell::Text("=1+1".into()), Cell::Integer(-1)]];
        let answer = Answer { columns: vec!["@a".into(), "n".into()], rows, more: false, unreadable: 0 };
        assert_eq!(answer.csv(), "'@a,n\r\n'=1+1,-1\r\n");
    }
}
