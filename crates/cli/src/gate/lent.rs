//! The values of secrets, fetched outside when a run starts, and what stands for them inside.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use pinfold_gate::link::LentSecret;
use pinfold_policy::{Secret, SecretSource, shell_word};

use crate::context::Context;
use crate::error::CliError;
use crate::platform;

/// Longest value of a secret, in bytes.
const MAX_VALUE_BYTES: u64 = 64 << 10;

/// A secret with its value and a fresh placeholder.
pub(super) fn lend(secret: &Secret, context: &Context) -> Result<LentSecret, CliError> {
    let value = fetch(secret, context).and_then(|value| usable(&value)).map_err(|why| {
        CliError::new(format!("the secret `{}` has no value", secret.name))
            .why(why)
            .rule(format!("secrets.{}, {}", secret.name, secret.origin))
    })?;
    Ok(LentSecret { secret: secret.clone(), placeholder: placeholder(&secret.name)?, value })
}

fn fetch(secret: &Secret, context: &Context) -> Result<Vec<u8>, String> {
    match &secret.from {
        SecretSource::Env(name) => {
            let value = context.variable(name).ok_or_else(|| format!("the variable {name} is not set"))?;
            Ok(value.as_encoded_bytes().to_owned())
        }
        SecretSource::File(path) => read(path).map_err(|error| format!("{}: {error}", path.display())),
        SecretSource::Command(words) => {
            let (program, arguments) = words.split_first().ok_or("there is no command")?;
            printed(Command::new(program).args(arguments), &shell_word(program))
        }
        SecretSource::Keyring(name) => platform::keyring_entry(name),
    }
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MAX_VALUE_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What a program of the caller prints. It may ask on the terminal, as those that keep passwords do.
pub(crate) fn printed(command: &mut Command, program: &str) -> Result<Vec<u8>, String> {
    let failed = |error: std::io::Error| format!("{program}: {error}");
    let mut child = command.stdout(Stdio::piped()).stdin(Stdio::inherit()).spawn().map_err(failed)?;
    let mut bytes = Vec::new();
    if let Some(output) = child.stdout.take() {
        output.take(MAX_VALUE_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    }
    let status = child.wait().map_err(failed)?;
    if status.success() { Ok(bytes) } else { Err(format!("{program} ended with {status}")) }
}

/// The value without the line break at its end.
fn usable(value: &[u8]) -> Result<String, String> {
    if value.len() as u64 > MAX_VALUE_BYTES {
        return Err(format!("it is longer than {MAX_VALUE_BYTES} bytes"));
    }
    let text = std::str::from_utf8(value).map_err(|_| "it is no text")?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() { Err("it is empty".into()) } else { Ok(text.to_owned()) }
}

/// Text that stands nowhere else, and that says what it is to whoever finds it.
fn placeholder(name: &str) -> Result<String, CliError> {
    let random = platform::random_digits().map_err(|error| CliError::from_error(&error))?;
    Ok(format!("pinfold-{name}-{random}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_loses_the_line_break_at_its_end_and_nothing_else() {
        assert_eq!(usable(b"token\n").as_deref(), Ok("token"));
        assert_eq!(usable(b" to\nken\r\n").as_deref(), Ok(" to\nken"));
        for unusable in [&b""[..], b"\n", b"\xff", &[b'a'; MAX_VALUE_BYTES as usize + 1]] {
            assert!(usable(unusable).is_err());
        }
    }

    #[test]
    fn placeholders_differ() {
        let placeholder = || placeholder("github").unwrap_or_else(|error| panic!("{error}"));
        assert_ne!(placeholder(), placeholder());
        assert!(placeholder().starts_with("pinfold-github-"));
    }
}
