//! Variables as the block that a process of Windows is started with (`CreateEnvironmentBlock`).

use std::collections::BTreeMap;

use thiserror::Error;

/// Why variables make no block.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EnvironmentError {
    /// The name is empty, or has a character that ends it.
    #[error("`{name}` is no name of a variable")]
    Name {
        /// The name.
        name: String,
    },
    /// The value has a character that ends it.
    #[error("the value of `{name}` contains a NUL character")]
    Value {
        /// The name of the variable.
        name: String,
    },
    /// There is another one whose name differs by its case only.
    #[error("`{name}` is there twice; Windows does not tell upper and lower case apart")]
    Twice {
        /// The name.
        name: String,
    },
}

/// The block in UTF-16: `NAME=VALUE` each with its end, in the order of the names without regard to case, as programs that
/// search it expect, and an end for all.
pub fn environment_block<'a>(
    variables: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Vec<u16>, EnvironmentError> {
    let mut sorted: BTreeMap<Vec<u16>, (&str, &str)> = BTreeMap::new();
    for (name, value) in variables {
        let named = || name.to_owned();
        // The system's own, such as `=C:`, begin with what separates others from their values.
        if name.is_empty()
            || name.contains('\0')
            || name.chars().skip(1).any(|character| character == '=')
            || name == "="
        {
            return Err(EnvironmentError::Name { name: named() });
        }
        if value.contains('\0') {
            return Err(EnvironmentError::Value { name: named() });
        }
        if sorted.insert(upper_case(name), (name, value)).is_some() {
            return Err(EnvironmentError::Twice { name: named() });
        }
    }
    let mut block = Vec::new();
    for (name, value) in sorted.values() {
        block.extend(name.encode_utf16().chain("=".encode_utf16()).chain(value.encode_utf16()).chain([0]));
    }
    // An empty block has two ends.
    block.extend(std::iter::repeat_n(0, if sorted.is_empty() { 2 } else { 1 }));
    Ok(block)
}

/// Character by character, as the system does: one that has several in upper case stays.
fn upper_case(name: &str) -> Vec<u16> {
    let upper = |character: char| {
        let mut upper = character.to_uppercase();
        upper.next().filter(|_| upper.next().is_none()).unwrap_or(character)
    };
    name.chars().map(upper).collect::<String>().encode_utf16().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(variables: &[(&str, &str)]) -> Result<String, String> {
        let block = environment_block(variables.iter().copied()).map_err(|error| error.to_string())?;
        Ok(String::from_utf16(&block).unwrap().replace('\0', "|"))
    }

    #[test]
    fn variables_stand_in_the_order_of_their_names() {
        let variables =
            [("path", r"C:\bin"), ("Temp", ""), ("_a", "1"), ("=C:", r"C:\x"), ("ALL", "a=b"), ("straße", "ü")];
        assert_eq!(block(&variables).as_deref(), Ok(r"=C:=C:\x|ALL=a=b|path=C:\bin|straße=ü|Temp=|_a=1||"));
        assert_eq!(block(&[]).as_deref(), Ok("||"));
    }

    #[test]
    fn what_windows_takes_for_something_else_is_refused() {
        for (name, value) in [("", ""), ("=", ""), ("a=b", ""), ("a\0", ""), ("a", "\0")] {
            assert!(block(&[(name, value)]).is_err(), "{name}");
        }
        let twice = block(&[("Path", "a"), ("PATH", "b")]);
        assert_eq!(twice, Err("`PATH` is there twice; Windows does not tell upper and lower case apart".into()));
    }
}
