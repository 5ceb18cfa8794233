//! Sizes, durations and counts as people write them: `"8GiB"`, `"10m"`, `2048`, `"none"`.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, Visitor};

use crate::text::{Complaint, quoted};

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Milliseconds.
    Milliseconds,
    /// Things.
    Count,
}

const SIZES: [(&str, u64); 13] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    // As other tools have it.
    ("T", 1 << 40),
    ("G", 1 << 30),
    ("M", 1 << 20),
    ("K", 1 << 10),
    ("B", 1),
];
const DURATIONS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl Unit {
    fn suffixes(self) -> &'static [(&'static str, u64)] {
        match self {
            Self::Bytes => &SIZES,
            Self::Milliseconds => &DURATIONS,
            Self::Count => &[],
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Self::Bytes => {
                "write bytes, or text with B, KiB, MiB, GiB, TiB (KB, MB, GB, TB are decimal) such as \"8GiB\", or \"none\""
            }
            Self::Milliseconds => "write text with ms, s, m, h or d such as \"10m\", or \"none\"",
            Self::Count => "write a whole number such as 2048, or \"none\"",
        }
    }

    /// The number that a text such as `10m` or `8GiB` stands for; it is above zero.
    ///
    /// # Errors
    /// Why it is none, as a clause.
    pub fn read(self, text: &str) -> Result<u64, String> {
        let number = Amount::Text(text.to_owned()).read(self).map_err(|complaint| complaint.message)?;
        number.ok_or_else(|| format!("{} is not {}", quoted(text), self.noun()))
    }

    /// The number as a policy file writes it, exact and with the largest unit that fits.
    pub fn show(self, value: Option<u64>) -> String {
        let Some(value) = value else { return "\"none\"".to_owned() };
        let binary = self.suffixes().iter().filter(|(name, _)| self != Self::Bytes || name.ends_with("iB"));
        match binary.into_iter().find(|(_, factor)| value % factor == 0 && value > 0) {
            Some((name, factor)) => format!("\"{}{name}\"", value / factor),
            None => value.to_string(),
        }
    }
}

/// A value of `[limits]` before it is known what it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Amount {
    Number(i64),
    Text(String),
}

impl Amount {
    /// A value of a flag, where numbers and text look alike.
    pub(crate) fn from_flag(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Text(text.to_owned()), Self::Number)
    }

    /// The number; `None` for "none".
    pub(crate) fn read(&self, unit: Unit) -> Result<Option<u64>, Complaint> {
        let wrong = |what: String| Complaint::new(what, unit.hint());
        let value = match self {
            Self::Text(text) if text == "none" => return Ok(None),
            Self::Text(text) => {
                read_text(text, unit).ok_or_else(|| wrong(format!("{} is not {}", quoted(text), unit.noun())))?
            }
            Self::Number(number) if unit == Unit::Milliseconds => {
                return Err(wrong(format!("{number} has no unit")));
            }
            Self::Number(number) => u64::try_from(*number).map_err(|_| wrong(format!("{number} is negative")))?,
        };
        if value == 0 {
            return Err(Complaint::new("a limit of zero", "write \"none\" for no limit, or a number above zero"));
        }
        Ok(Some(value))
    }
}

impl Unit {
    fn noun(self) -> &'static str {
        match self {
            Self::Bytes => "a size",
            Self::Milliseconds => "a duration",
            Self::Count => "a number",
        }
    }
}

fn read_text(text: &str, unit: Unit) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, suffix) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let suffix = suffix.strip_prefix(' ').unwrap_or(suffix);
    if suffix.is_empty() && unit == Unit::Count {
        return Some(number);
    }
    let (_, factor) = unit.suffixes().iter().find(|(name, _)| *name == suffix)?;
    number.checked_mul(*factor)
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AmountVisitor)
    }
}

struct AmountVisitor;

impl Visitor<'_> for AmountVisitor {
    type Value = Amount;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number or text such as \"8GiB\" or \"10m\"")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Amount, E> {
        Ok(Amount::Number(number))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Amount, E> {
        Ok(i64::try_from(number).map_or_else(|_| Amount::Text(number.to_string()), Amount::Number))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Amount, E> {
        Ok(Amount::Text(text.to_owned()))
    }
}

impl JsonSchema for Amount {
    fn schema_name() -> Cow<'static, str> {
        "Amount".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A size such as \"8GiB\", a duration such as \"10m\", a whole number, or \"none\" for no limit.",
            "anyOf": [
                { "type": "integer", "minimum": 1 },
                { "type": "string", "pattern": "^(none|[0-9]+ ?(B|[KMGT]i?B|ms|s|m|h|d)?)$" },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, unit: Unit) -> Option<Option<u64>> {
        Amount::Text(text.to_owned()).read(unit).ok()
    }

    #[test]
    fn sizes_and_durations_are_read_with_their_units() {
        assert_eq!(read("8GiB", Unit::Bytes), Some(Some(8 << 30)));
        assert_eq!(read("2 KB", Unit::Bytes), Some(Some(2000)));
        assert_eq!(read("8G", Unit::Bytes), read("8GiB", Unit::Bytes));
        assert_eq!(read("90s", Unit::Milliseconds), Some(Some(90_000)));
        assert_eq!(read("250ms", Unit::Milliseconds), Some(Some(250)));
        assert_eq!(read("2d", Unit::Milliseconds), Some(Some(172_800_000)));
        assert_eq!(read("none", Unit::Count), Some(None));
    }

    #[test]
    fn zero_overflow_and_missing_units_are_refused() {
        for text in ["0B", "99999999999TiB", "8", "8X", "-1B", "", "1.5GiB", "GiB", "8GiBs"] {
            assert_eq!(read(text, Unit::Bytes), None, "{text}");
        }
        assert!(Amount::Number(90).read(Unit::Milliseconds).is_err());
        assert!(Amount::Number(-1).read(Unit::Bytes).is_err());
        assert!(Amount::Number(0).read(Unit::Count).is_err());
    }

    #[test]
    fn shown_amounts_read_back_the_same() {
        for (unit, value) in [
            (Unit::Bytes, 8 << 30),
            (Unit::Bytes, 1500),
            (Unit::Milliseconds, 90_000),
            (Unit::Milliseconds, 86_400_001),
            (Unit::Count, 2048),
        ] {
            let shown = unit.show(Some(value));
            let amount = match shown.parse() {
                Ok(number) => Amount::Number(number),
                Err(_) => Amount::Text(shown.trim_matches('"').to_owned()),
            };
            assert_eq!(amount.read(unit), Ok(Some(value)), "{shown}");
        }
    }
}
