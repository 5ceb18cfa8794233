//! News as lines, for who reads them later or is a program.

use std::io::{self, Write};

use pinfold_policy::plain;
use pinfold_run::control::Told;
use serde::Serialize;

use super::describe::describe;
use super::sessions::{News, Sessions};

/// A line for programs.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Line<'a> {
    session: &'a str,
    event: Event<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
enum Event<'a> {
    Ended,
    Silent(&'a str),
    #[serde(untagged)]
    Told(&'a Told),
}

/// Prints until somebody ends it.
pub(super) fn print(mut sessions: Sessions, json: bool) -> io::Result<()> {
    loop {
        for (id, news) in sessions.news() {
            let line = if json { for_programs(&id, &news) } else { for_people(&id, &news) };
            writeln!(io::stdout(), "{line}")?;
        }
        io::stdout().flush()?;
        sessions.wait(None)?;
    }
}

fn for_people(id: &str, news: &News) -> String {
    let text = match news {
        News::Told(Told::Session { workspace, command, .. }) => {
            format!("  0:00  {:<11} {}, in {}", "run", plain(&command.join(" ")), plain(workspace))
        }
        News::Told(told) => describe(told).map(|event| event.to_string()).unwrap_or_default(),
        News::Ended => "it has ended".to_owned(),
        News::Silent(why) => format!("cannot be watched: {why}"),
    };
    format!("{}  {text}", plain(id))
}

fn for_programs(id: &str, news: &News) -> String {
    let event = match news {
        News::Told(told) => Event::Told(told),
        News::Ended => Event::Ended,
        News::Silent(why) => Event::Silent(why),
    };
    let line = serde_json::to_string(&Line { session: id, event }).unwrap_or_default();
    ascii(&line)
}

/// JSON with nothing but printable ASCII: outside of texts there is nothing else, and it may be read on a terminal.
fn ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for letter in json.chars() {
        match letter {
            ' '..='~' => text.push(letter),
            other => {
                let units =
                    other.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<String>();
                text.push_str(&units);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_printable_and_says_the_same() {
        let path = "a\u{1b}[2J\u{9b}\u{7f}\u{202e}é🦀\n".to_owned();
        let told = Told::Quarantined { ms: 1, path: path.clone(), moved_to: None };
        let line = for_programs("x", &News::Told(told));
        assert!(line.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{line}");
        let read: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(read["event"]["quarantined"]["path"], path);
        assert_eq!(for_programs("x", &News::Ended), r#"{"session":"x","event":"ended"}"#);
    }
}
