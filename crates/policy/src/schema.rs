//! The JSON Schema of the policy file, from the same types that read it.

use serde_json::Value;

use crate::document::Document;

/// The JSON Schema of a policy file, for editors.
pub fn schema() -> Value {
    schemars::schema_for!(Document).to_value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_describes_every_key_and_hides_the_reserved_sections() {
        let schema = schema();
        let sections = schema["properties"].as_object().expect("sections");
        assert!(sections.contains_key("secrets") && !sections.contains_key("identity"));
        assert_eq!(schema["additionalProperties"], false);
        for (name, section) in schema["$defs"].as_object().expect("definitions") {
            let properties = section["properties"].as_object();
            for (key, property) in properties.into_iter().flatten() {
                assert!(property["description"].is_string(), "{name}.{key}");
            }
        }
    }
}
