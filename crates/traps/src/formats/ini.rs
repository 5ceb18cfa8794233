//! Sections, keys and values, by the rules of git-config(1), "Syntax": the strictest of those who write such files.
//! Nothing is malformed but what is too much: other readers of the same form are more lenient than git.

use super::{Malformed, Setting, Settings, below};

/// Every value, with section and key in lower case and the subsection as it is written.
pub(super) fn read(text: &str) -> Result<Vec<Setting>, Malformed> {
    let mut settings = Settings::default();
    let mut section = String::new();
    let mut lines = (1u32..).zip(text.lines());
    while let Some((line, first)) = lines.next() {
        let mut rest = first.trim_start();
        while let Some((name, behind)) = header(rest) {
            section = name?;
            // Git takes a setting behind the bracket.
            rest = behind.trim_start();
        }
        if rest.is_empty() || rest.starts_with(['#', ';']) {
            continue;
        }
        let mut written = rest.to_owned();
        while continues(&written) {
            written.pop();
            let Some((_, next)) = lines.next() else { break };
            written.push_str(next);
        }
        // A colon may belong to the key, as in `@scope:registry = …` of npm.
        let (key, value) = written.split_once('=').or_else(|| written.split_once(':')).unwrap_or((&written, ""));
        let key = below(&section, &key.trim().trim_end_matches("[]").to_ascii_lowercase())?;
        settings.push(&key, unquoted(value.trim()), line)?;
    }
    Ok(settings.list)
}

/// The name in `[section]`, `[section.sub]` or `[section "sub"]`, and what follows the bracket.
fn header(text: &str) -> Option<(Result<String, Malformed>, &str)> {
    let inner = text.strip_prefix('[')?;
    let mut quoted = false;
    let mut escaped = false;
    for (at, letter) in inner.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ']' if !quoted => {
                let (name, behind) = inner.split_at(at);
                return Some((named(name), behind.get(1..).unwrap_or_default()));
            }
            _ => {}
        }
    }
    None
}

fn named(header: &str) -> Result<String, Malformed> {
    match header.split_once('"') {
        Some((section, sub)) => {
            let sub = sub.trim_end().trim_end_matches('"').replace('\\', "");
            below(&section.trim().to_ascii_lowercase(), &sub)
        }
        None => below("", &header.trim().to_ascii_lowercase()),
    }
}

/// An odd number of backslashes at the end.
fn continues(line: &str) -> bool {
    line.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

/// Without quotes, escapes and the comment behind the value.
fn unquoted(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut quoted = false;
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => quoted = !quoted,
            '\\' => text.extend(letters.next()),
            '#' | ';' if !quoted && text.ends_with([' ', '\t']) => break,
            other => text.push(other),
        }
    }
    text.truncate(text.trim_end().len());
    text
}

#[cfg(test)]
mod tests {
    use super::super::{Format, read, settings};

    #[test]
    fn git_settings_are_read_as_git_reads_them() {
        let text = "[core] fsMonitor = \"./x\" ; y\n\tsshCommand = a \\\n  b\n[Alias]\nci = \"!sh -c \\\"x # y\\\"\"\n\
                    [filter \"L]f.s\"]\n\tclean=x\n[diff.Y]\nexternal\n";
        let all = settings(&[
            ("core.fsmonitor", "./x", 1),
            ("core.sshcommand", "a   b", 2),
            ("alias.ci", "!sh -c \"x # y\"", 5),
            ("filter.L]f.s.clean", "x", 7),
            ("diff.y.external", "", 9),
        ]);
        assert_eq!(read(Format::Ini, text), all);
    }

    #[test]
    fn settings_of_npm_and_pip_are_of_the_same_form() {
        let text = "; x\nscript-shell=/bin/y\n@a:registry = https://r.example/\nca[]=z\n[global]\nindex-url: u\n";
        let all = settings(&[
            ("script-shell", "/bin/y", 2),
            ("@a:registry", "https://r.example/", 3),
            ("ca", "z", 4),
            ("global.index-url", "u", 6),
        ]);
        assert_eq!(read(Format::Ini, text), all);
    }

    #[test]
    fn what_ends_too_early_is_read_as_far_as_it_goes() {
        for text in ["[", "[a \"b", "[a]x=\\", "=", "[]=", "a=\"b\\"] {
            let _ = read(Format::Ini, text);
        }
    }
}
