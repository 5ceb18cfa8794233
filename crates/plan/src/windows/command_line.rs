//! Arguments as the one text that a process of Windows is started with.
//!
//! Windows passes a text on, and each program takes it apart. Most do as the C library of Microsoft does ("Parsing C
//! command-line arguments", and `CommandLineToArgvW`), so what is put together here comes out there as it went in. The
//! interpreter of batch files does otherwise and takes commands out of quotes, so those get plain words only.

use thiserror::Error;

/// The longest text that `CreateProcessW` takes, in UTF-16 units, with its end.
const UNITS_MAX: usize = 32_767;
/// Files that are executed by `cmd.exe`, whatever they are called with.
const BATCH: [&str; 2] = [".bat", ".cmd"];

/// Why arguments cannot be passed on unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CommandLineError {
    /// There is a character that ends the text.
    #[error("argument {number} contains a NUL character")]
    Nul {
        /// Which argument, from 0, which is the program.
        number: usize,
    },
    /// The name of the program is taken as it stands between quotes.
    #[error("the program's path contains a quotation mark")]
    QuotedProgram,
    /// `cmd.exe` could take a part of it for a command.
    #[error("argument {number} of a batch file contains `{character}`, which cmd.exe may obey")]
    Batch {
        /// Which argument.
        number: usize,
        /// The first character that is not plain.
        character: char,
    },
    /// It is too long for the system.
    #[error("the command line has {units} UTF-16 units; Windows takes {UNITS_MAX}")]
    TooLong {
        /// How long it is, with its end.
        units: usize,
    },
}

/// The text for a program, by its path, and its arguments.
pub fn command_line(program: &str, arguments: &[&str]) -> Result<String, CommandLineError> {
    let all = std::iter::once(program).chain(arguments.iter().copied());
    if let Some(number) = all.clone().position(|argument| argument.contains('\0')) {
        return Err(CommandLineError::Nul { number });
    }
    if program.contains('"') {
        return Err(CommandLineError::QuotedProgram);
    }
    if is_batch(program) {
        refuse_what_cmd_obeys(arguments)?;
    }
    let mut text = format!("\"{program}\"");
    for argument in arguments {
        text.push(' ');
        quote(argument, &mut text);
    }
    let units = text.encode_utf16().count() + 1;
    if units > UNITS_MAX { Err(CommandLineError::TooLong { units }) } else { Ok(text) }
}

/// Windows drops spaces and dots at the end of a name.
fn is_batch(program: &str) -> bool {
    let name = program.trim_end_matches([' ', '.']).to_ascii_lowercase();
    BATCH.iter().any(|ending| name.ends_with(ending))
}

fn refuse_what_cmd_obeys(arguments: &[&str]) -> Result<(), CommandLineError> {
    let is_plain = |character: char| character.is_alphanumeric() || " ./\\:_-+@".contains(character);
    for (number, argument) in (1..).zip(arguments) {
        if let Some(character) = argument.chars().find(|character| !is_plain(*character)) {
            return Err(CommandLineError::Batch { number, character });
        }
    }
    Ok(())
}

/// Backslashes are themselves but before a quotation mark, where two stand for one.
fn quote(argument: &str, text: &mut String) {
    let is_plain = |character: char| !character.is_whitespace() && character != '"';
    if !argument.is_empty() && argument.chars().all(is_plain) {
        text.push_str(argument);
        return;
    }
    text.push('"');
    let mut backslashes = 0;
    for character in argument.chars() {
        if character == '"' {
            text.extend(std::iter::repeat_n('\\', backslashes + 1));
        }
        backslashes = if character == '\\' { backslashes + 1 } else { 0 };
        text.push(character);
    }
    text.extend(std::iter::repeat_n('\\', backslashes));
    text.push('"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the C library makes of a text, after its documentation.
    fn parsed(text: &str) -> Vec<String> {
        let mut rest = text.chars().peekable();
        // The first one ends at a space outside of quotes, and knows no backslashes.
        let (mut first, mut quoted) = (String::new(), false);
        for character in rest.by_ref() {
            match character {
                '"' => quoted = !quoted,
                ' ' | '\t' if !quoted => break,
                other => first.push(other),
            }
        }
        let mut all = vec![first];
        loop {
            while rest.next_if(|character| matches!(character, ' ' | '\t')).is_some() {}
            if rest.peek().is_none() {
                return all;
            }
            let (mut argument, mut quoted, mut backslashes) = (String::new(), false, 0);
            while let Some(character) = rest.next_if(|character| quoted || !matches!(character, ' ' | '\t')) {
                match character {
                    '\\' => backslashes += 1,
                    '"' => {
                        argument.extend(std::iter::repeat_n('\\', backslashes / 2));
                        // Escaped, or one of two between quotes.
                        if backslashes % 2 == 1 || quoted && rest.next_if_eq(&'"').is_some() {
                            argument.push('"');
                        } else {
                            quoted = !quoted;
                        }
                        backslashes = 0;
                    }
                    other => {
                        argument.extend(std::iter::repeat_n('\\', backslashes));
                        backslashes = 0;
                        argument.push(other);
                    }
                }
            }
            argument.extend(std::iter::repeat_n('\\', backslashes));
            all.push(argument);
        }
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(
            program in r#"[a-z \\:&%]{1,9}"#,
            arguments in proptest::collection::vec(r#"[a\\" \t%^&\n]{0,8}|.{0,5}"#, 0..5),
        ) {
            prop_assume!(arguments.iter().all(|argument| !argument.contains('\0')));
            let borrowed: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let text = command_line(&program, &borrowed).unwrap();
            let all: Vec<&str> = std::iter::once(program.as_str()).chain(borrowed).collect();
            prop_assert_eq!(parsed(&text), all, "{}", text);
        }
    }

    #[test]
    fn quotes_stand_where_they_must() {
        let line = |arguments: &[&str]| command_line(r"C:\a b\x.exe", arguments).unwrap();
        assert_eq!(line(&["-o", r"C:\dir\", ""]), r#""C:\a b\x.exe" -o C:\dir\ """#);
        assert_eq!(line(&[r"C:\my dir\", r#"say \"hi""#]), r#""C:\a b\x.exe" "C:\my dir\\" "say \\\"hi\"""#);
    }

    #[test]
    fn what_cannot_be_passed_on_is_refused() {
        let refused =
            |program, arguments: &[&str]| command_line(program, arguments).err().map(|error| error.to_string());
        assert_eq!(refused("a", &["b", "c\0d"]).as_deref(), Some("argument 2 contains a NUL character"));
        assert_eq!(refused("a\"", &[]).as_deref(), Some("the program's path contains a quotation mark"));
        for program in ["x.bat", r"C:\X.CMD", "x.bat. .", "npm.cmd "] {
            let why = refused(program, &["run", "a\"&calc"]);
            assert_eq!(
                why.as_deref(),
                Some("argument 2 of a batch file contains `\"`, which cmd.exe may obey"),
                "{program}"
            );
            assert_eq!(refused(program, &["install", "./dir", "@scope/name"]), None);
            assert!(refused(program, &["%PATH%"]).is_some() && refused(program, &["a\nb"]).is_some());
        }
        assert_eq!(refused("x.exe", &["%PATH%&calc"]), None);
        let long = "x".repeat(UNITS_MAX);
        assert_eq!(refused("a", &[&long]), Some("the command line has 32772 UTF-16 units; Windows takes 32767".into()));
    }
}
