//! JSON as editors read it.

use jsonc_parser::ast::Value;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use super::{Lines, Malformed, Setting, Settings, below};

/// Every value. The parser bounds how deep they lie.
pub(super) fn read(text: &str) -> Result<Vec<Setting>, Malformed> {
    let parsed = parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default()).map_err(|_| Malformed)?;
    let mut reader = Reader { text, lines: Lines::new(text), settings: Settings::default() };
    if let Some(value) = parsed.value {
        reader.flatten("", &value)?;
    }
    Ok(reader.settings.list)
}

struct Reader<'a> {
    text: &'a str,
    lines: Lines,
    settings: Settings,
}

impl Reader<'_> {
    fn flatten(&mut self, key: &str, value: &Value<'_>) -> Result<(), Malformed> {
        match value {
            Value::Object(object) => object
                .properties
                .iter()
                .try_for_each(|property| self.flatten(&below(key, property.name.as_str())?, &property.value)),
            Value::Array(array) => array.elements.iter().try_for_each(|element| self.flatten(key, element)),
            Value::StringLit(text) => self.push(key, text.value.to_string(), value),
            other => self.push(key, other.text(self.text).to_owned(), value),
        }
    }

    fn push(&mut self, key: &str, value: String, place: &Value<'_>) -> Result<(), Malformed> {
        self.settings.push(key, value, self.lines.of(place.start()))
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

    #[test]
    fn a_small_file_does_not_become_many_settings() {
        let long = format!("{{\"{}\": 1}}", "k".repeat(300_000));
        let many = format!("{{\"{}\": [{}1]}}", "k".repeat(3000), "1,".repeat(100_000));
        assert!([long, many].iter().all(|text| Format::Json.read(text.as_bytes()).is_err()));
    }
}
