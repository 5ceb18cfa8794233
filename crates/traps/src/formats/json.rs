//! JSON as editors read it.

use jsonc_parser::ast::Value;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::{Lines, Malformed, Setting, below};

/// Every value. The parser bounds how deep they lie.
pub(super) fn read(text: &str) -> Result<Vec<Setting>, Malformed> {
    let parsed = parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default()).map_err(|_| Malformed)?;
    let mut reader = Reader { text, lines: Lines::new(text), settings: Vec::new() };
    if let Some(value) = parsed.value {
        reader.flatten("", &value);
    }
    Ok(reader.settings)
}

struct Reader<'a> {
    text: &'a str,
    lines: Lines<'a>,
    settings: Vec<Setting>,
}

impl Reader<'_> {
    fn flatten(&mut self, key: &str, value: &Value<'_>) {
        match value {
            Value::Object(object) => {
                for property in &object.properties {
                    self.flatten(&below(key, property.name.as_str()), &property.value);
                }
            }
            Value::Array(array) => array.elements.iter().for_each(|element| self.flatten(key, element)),
            Value::StringLit(text) => self.push(key, text.value.to_string(), value),
            other => self.push(key, other.text(self.text).to_owned(), value),
        }
    }

    fn push(&mut self, key: &str, value: String, place: &Value<'_>) {
        let line = self.lines.of(place.start());
        self.settings.push(Setting { key: key.to_owned(), value, line });
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, read, settings};

    #[test]
    fn nested_and_dotted_names_are_the_same() {
        let text = "{\n // tasks\n \"tasks\": [\n  { \"run\": {\"on\": \"open\"}, },\n  { \"run.on\": true }\n ]\n}";
        let all = settings(&[("tasks.run.on", "open", 4), ("tasks.run.on", "true", 5)]);
        assert_eq!(read(Format::Json, text), all);
    }

    #[test]
    fn depth_is_bounded() {
        assert!(Format::Json.read("[".repeat(1_000_000).as_bytes()).is_err());
        assert!(Format::Json.read(b"{ \"a\": ").is_err());
    }
}
