//! TOML, with the place of every value.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Lines, Malformed, Setting, Settings, below};

/// Every value. The parser bounds how deep they lie, also by dots.
pub(super) fn read(text: &str) -> Result<Vec<Setting>, Malformed> {
    let table = DeTable::parse(text).map_err(|_| Malformed)?;
    let mut reader = Reader { text, lines: Lines::new(text), settings: Settings::default() };
    reader.table("", table.get_ref())?;
    let mut settings = reader.settings.list;
    // Tables keep no order of lines.
    settings.sort_by_key(|setting| setting.line);
    Ok(settings)
}

struct Reader<'a> {
    text: &'a str,
    lines: Lines,
    settings: Settings,
}

impl Reader<'_> {
    fn table(&mut self, key: &str, table: &DeTable<'_>) -> Result<(), Malformed> {
        table.iter().try_for_each(|(name, value)| self.flatten(&below(key, name.get_ref())?, value))
    }

    fn flatten(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Result<(), Malformed> {
        match value.get_ref() {
            DeValue::Table(table) => self.table(key, table),
            DeValue::Array(array) => array.iter().try_for_each(|element| self.flatten(key, element)),
            DeValue::String(text) => self.push(key, text.to_string(), value),
            _ => {
                let written = self.text.get(value.span()).unwrap_or_default().to_owned();
                self.push(key, written, value)
            }
        }
    }

    fn push(&mut self, key: &str, value: String, place: &Spanned<DeValue<'_>>) -> Result<(), Malformed> {
        self.settings.push(key, value, self.lines.of(place.span().start))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, read, settings};

    #[test]
    fn tables_lists_and_dots_are_names_one_in_the_other() {
        let text = "a.b = 'x'\n[target.'cfg(unix)']\nrunner = [\"sh\",\n  \"-c\"]\n[[source]]\nurl = 1\n";
        let all = settings(&[
            ("a.b", "x", 1),
            ("target.cfg(unix).runner", "sh", 3),
            ("target.cfg(unix).runner", "-c", 4),
            ("source.url", "1", 6),
        ]);
        assert_eq!(read(Format::Toml, text), all);
    }

    #[test]
    fn depth_is_bounded() {
        for text in ["a = ".to_owned() + &"[".repeat(100_000), "a.".repeat(300_000) + "a = 1"] {
            assert!(Format::Toml.read(text.as_bytes()).is_err());
        }
    }
}
