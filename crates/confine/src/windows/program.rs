//! Which file a command's name means, and what it is started with.

use pinfold_plan::windows::{CommandLineError, command_line};

/// The endings of files that the system can start, batch files by their interpreter.
const STARTED: [&str; 4] = [".com", ".exe", ".bat", ".cmd"];
/// Where no variable says in which order they are tried.
const USUAL_ENDINGS: &str = ".COM;.EXE;.BAT;.CMD";

/// Where a program is looked for.
#[derive(Clone, Copy)]
pub struct Search<'a> {
    /// Directories, separated by semicolons (`PATH`). Only absolute ones count: what lies in the current directory is not
    /// found by its name alone.
    pub path: &'a str,
    /// Endings, separated by semicolons (`PATHEXT`).
    pub endings: Option<&'a str>,
    /// Where a relative path begins.
    pub directory: &'a str,
    /// Whether a path is that of a file.
    pub is_file: &'a dyn Fn(&str) -> bool,
}

/// What the system is asked to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The file.
    pub program: String,
    /// The text that it finds as its command line.
    pub command_line: String,
}

impl Search<'_> {
    /// The file that is meant by a name or a path.
    pub fn find(&self, program: &str) -> Option<String> {
        let program = program.replace('/', r"\");
        if program.contains(['\\', ':']) {
            let path = if is_absolute(&program) { program } else { join(self.directory, &program) };
            return self.with_ending(&path);
        }
        let directories = self.path.split(';').map(|directory| directory.trim().trim_matches('"'));
        let mut absolute = directories.filter(|directory| is_absolute(directory));
        absolute.find_map(|directory| self.with_ending(&join(directory, &program)))
    }

    /// The path itself where it can be started as it is, else with an ending that makes it so.
    fn with_ending(&self, path: &str) -> Option<String> {
        let can_start = |path: &str| STARTED.iter().any(|ending| path.to_ascii_lowercase().ends_with(ending));
        let endings = self.endings.unwrap_or(USUAL_ENDINGS).split(';').map(str::trim);
        let added = endings.filter(|ending| can_start(ending)).map(|ending| format!("{path}{ending}"));
        let itself = can_start(path).then(|| path.to_owned());
        itself.into_iter().chain(added).find(|path| (self.is_file)(path))
    }
}

fn is_absolute(path: &str) -> bool {
    path.starts_with(r"\\") || path.get(1..3) == Some(r":\")
}

fn join(directory: &str, name: &str) -> String {
    format!(r"{}\{}", directory.trim_end_matches('\\'), name.trim_start_matches(r".\"))
}

/// How a file is started with arguments. A batch file is handed to its interpreter, which is called so that it takes the
/// text as it is: no commands at its start, no variables between exclamation marks.
pub fn invocation(program: &str, arguments: &[&str], interpreter: &str) -> Result<Invocation, CommandLineError> {
    let line = command_line(program, arguments)?;
    let lower = program.trim_end_matches([' ', '.']).to_ascii_lowercase();
    if ![".bat", ".cmd"].iter().any(|ending| lower.ends_with(ending)) {
        return Ok(Invocation { program: program.to_owned(), command_line: line });
    }
    // Between quotes it still replaces variables.
    if let Some(character) = program.chars().find(|character| ['%', '\r', '\n'].contains(character)) {
        return Err(CommandLineError::Batch { number: 0, character });
    }
    let command_line = format!(r#""{interpreter}" /e:ON /v:OFF /d /s /c "{line}""#);
    Ok(Invocation { program: interpreter.to_owned(), command_line })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(program: &str, files: &[&str], endings: Option<&str>) -> Option<String> {
        let is_file = |path: &str| files.contains(&path);
        let path = r#"C:\bin\;.;tools;"C:\Program Files\x";D:\more"#;
        Search { path, endings, directory: r"C:\work", is_file: &is_file }.find(program)
    }

    #[test]
    fn a_name_is_looked_for_on_the_path_and_never_in_the_current_directory() {
        let files = [r"C:\work\git.exe", r".\git.exe", r"C:\work\tools\git.exe", r"C:\Program Files\x\git.EXE"];
        assert_eq!(find("git", &files, None).as_deref(), Some(r"C:\Program Files\x\git.EXE"));
        assert_eq!(find("git", &files[..3], None), None);
    }

    #[test]
    fn endings_are_tried_in_their_order_if_the_system_can_start_them() {
        let files = [r"C:\bin\npm", r"C:\bin\npm.ps1", r"C:\bin\npm.cmd", r"C:\bin\npm.exe", r"C:\bin\a.b.exe"];
        assert_eq!(find("npm", &files, Some(".PS1;.cmd;.exe")).as_deref(), Some(r"C:\bin\npm.cmd"));
        assert_eq!(find("npm.exe", &files, Some(".cmd")).as_deref(), Some(r"C:\bin\npm.exe"));
        assert_eq!(find("npm.ps1", &files, None), None);
        assert_eq!(find("a.b", &files, Some(".exe")).as_deref(), Some(r"C:\bin\a.b.exe"));
    }

    #[test]
    fn a_path_is_taken_from_the_directory() {
        let files = [r"C:\work\x\run.exe", r"D:\y.exe", r"C:\work\z.exe"];
        assert_eq!(find("x/run.exe", &files, None).as_deref(), Some(r"C:\work\x\run.exe"));
        assert_eq!(find(r"D:\y.exe", &files, None).as_deref(), Some(r"D:\y.exe"));
        assert_eq!(find(r".\z.exe", &files, None).as_deref(), Some(r"C:\work\z.exe"));
        assert_eq!(find("z.exe", &files, None), None);
    }

    #[test]
    fn batch_files_go_to_their_interpreter() {
        let start = |program| invocation(program, &["a b", "c"], r"C:\Windows\System32\cmd.exe");
        let batch = start(r"C:\x y\npm.CMD").unwrap();
        assert_eq!(batch.program, r"C:\Windows\System32\cmd.exe");
        assert_eq!(
            batch.command_line,
            r#""C:\Windows\System32\cmd.exe" /e:ON /v:OFF /d /s /c ""C:\x y\npm.CMD" "a b" c""#
        );
        assert_eq!(start(r"C:\a.exe").unwrap().command_line, r#""C:\a.exe" "a b" c"#);
        assert!(start(r"C:\%PATH%\a.bat").is_err());
    }
}
