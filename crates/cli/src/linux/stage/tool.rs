//! A program of the user's that shows what has become of a file, called as git calls an external diff (`GIT_EXTERNAL_DIFF` in
//! `git(1)`): path, old file, its digest and mode, new file, its digest and mode.

use std::ffi::OsString;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pinfold_stage::{Body, FileDiff, Side, choose, limits, quoted, remove_tree};

use super::git::Git;
use super::opened::{Opened, Place};
use super::pager::{Out, spawn};
use super::visible::{in_its_colours, legible};
use crate::args::DiffArgs;
use crate::context::Context;
use crate::error::CliError;

/// How much of what it prints of one file is shown.
const PRINTED_BYTES: u64 = 32 << 20;
/// How long the name of a file is that it reads.
const NAME_BYTES: usize = 100;
/// The digest of what git has not hashed either.
const NO_DIGEST: &str = "0000000000000000000000000000000000000000";

/// The program, and a directory of the user's alone in which it finds both versions.
pub(super) struct Tool {
    command: String,
    directory: PathBuf,
    number: usize,
    /// By which it knows what it prints to.
    variables: Vec<(&'static str, String)>,
}

impl Tool {
    /// The one that is asked for; else, at a terminal, the one that git would call.
    pub(super) fn of(context: &Context, args: &DiffArgs, out: &Out, opened: &Opened) -> Result<Option<Self>, CliError> {
        let variable = |name| context.text(name).map(ToOwned::to_owned);
        let setting = || Git::of(context).setting(context, "diff.external");
        let by_habit = || variable("PINFOLD_DIFF").or_else(|| variable("GIT_EXTERNAL_DIFF")).or_else(setting);
        let named = args.tool.clone().or_else(|| if out.is_terminal() { by_habit() } else { None });
        let Some(command) = named.filter(|command| !command.is_empty() && !args.patch) else { return Ok(None) };
        let directory = opened.stage.looked_at();
        let made = DirBuilder::new().mode(0o700).create(&directory);
        made.map_err(|error| {
            CliError::new(format!("no directory for `{command}` can be made"))
                .why(format!("{}: {error}", directory.display()))
                .hint("pinfold diff --patch needs none")
        })?;
        Ok(Some(Self { command, directory, number: 0, variables: variables(out) }))
    }

    /// What it prints of a file, fit for a terminal; nothing of what is no text.
    pub(super) fn shown(&mut self, place: &Place, diff: &FileDiff) -> Result<Option<Vec<u8>>, CliError> {
        let Body::Text(hunks) = &diff.body else { return Ok(None) };
        let failed = |error: io::Error| {
            CliError::new(format!("`{}` cannot show a file", self.command))
                .why(error.to_string())
                .hint("pinfold diff --patch shows it without")
        };
        let old = diff.old.as_ref().map_or(Ok(Vec::new()), |side| text_of(place, side)).map_err(failed)?;
        let new = choose(&old, hunks, |_| true);
        self.number += 1;
        let old = self.arguments("old", diff.old.as_ref(), &old).map_err(failed)?;
        let new = self.arguments("new", diff.new.as_ref(), &new).map_err(failed)?;
        let path = diff.new.as_ref().or(diff.old.as_ref()).map_or(Path::new(""), |side| &side.path);
        let printed = self.call(&argument(path), old, new).map_err(failed)?;
        remove_tree(&self.directory.join(self.number.to_string())).map_err(failed)?;
        Ok(Some(in_its_colours(&printed)))
    }

    /// File, digest and mode of one side. The file contains nothing that a terminal would be deceived by.
    fn arguments(&self, which: &str, side: Option<&Side>, text: &[u8]) -> io::Result<[OsString; 3]> {
        let Some(side) = side else { return Ok(["/dev/null", ".", "."].map(OsString::from)) };
        let directory = self.directory.join(self.number.to_string()).join(which);
        DirBuilder::new().recursive(true).mode(0o700).create(&directory)?;
        let file = directory.join(harmless(side.path.file_name().unwrap_or_default().as_bytes()));
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file)?.write_all(&legible(text))?;
        Ok([file.into(), NO_DIGEST.into(), format!("{:06o}", side.git_mode()).into()])
    }

    fn call(&self, path: &str, old: [OsString; 3], new: [OsString; 3]) -> io::Result<Vec<u8>> {
        let mut shell = Command::new("sh");
        // As git does it: what is named may have arguments of its own.
        shell.args(["-c", &format!("{} \"$@\"", self.command), &self.command, path]).args(old).args(new);
        shell.env("GIT_DIFF_PATH_COUNTER", self.number.to_string());
        shell.envs(self.variables.iter().map(|(name, value)| (name, value)));
        shell.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = spawn(&mut shell)?;
        let mut printed = Vec::new();
        if let Some(output) = child.stdout.take() {
            output.take(PRINTED_BYTES).read_to_end(&mut printed)?;
        }
        match child.wait()?.code() {
            Some(code @ (126 | 127)) => Err(io::Error::other(format!("the shell cannot run it (exit status {code})"))),
            _ => Ok(printed),
        }
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        // What is left goes when the stage is opened next.
        let _ = remove_tree(&self.directory);
    }
}

/// What git says to programs whose output its pager shows.
fn variables(out: &Out) -> Vec<(&'static str, String)> {
    let columns = crossterm::terminal::size().ok().filter(|_| out.is_terminal());
    let columns = columns.map(|(columns, _)| ("COLUMNS", columns.to_string()));
    let colours = out.is_coloured().then(|| ("GIT_PAGER_IN_USE", "1".to_owned()));
    columns.into_iter().chain(colours).collect()
}

/// What a side contains.
fn text_of(place: &Place, side: &Side) -> io::Result<Vec<u8>> {
    if !side.is_link {
        return place.real_text(&side.path, limits::DIFF_BYTES);
    }
    match place.layers.real().node(&side.path)?.map(|node| node.kind) {
        Some(pinfold_stage::Kind::Link { target }) => Ok(target.as_os_str().as_bytes().to_vec()),
        _ => Err(io::ErrorKind::NotFound.into()),
    }
}

/// A path that is no option, and says nothing to a terminal.
fn argument(path: &Path) -> String {
    let path = quoted(path);
    if path.starts_with('-') { format!("./{path}") } else { path }
}

/// A name by which a program knows the language, with nothing in it that could mean something else.
fn harmless(name: &[u8]) -> String {
    let is_harmless = |byte: &u8| byte.is_ascii_alphanumeric() || b"._+-".contains(byte);
    let name: String = name.iter().map(|byte| if is_harmless(byte) { char::from(*byte) } else { '_' }).collect();
    let name = &name[name.len().saturating_sub(NAME_BYTES)..];
    let name = name.replacen('-', "_", usize::from(name.starts_with('-')));
    if name.chars().all(|letter| letter == '.') { "file".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_be_an_option_a_path_or_a_sequence() {
        assert_eq!(harmless(b"main.rs"), "main.rs");
        assert_eq!(harmless(b"-rf x/\x1b[8m.rs"), "_rf_x___8m.rs");
        assert_eq!(harmless(b".."), "file");
        assert_eq!(harmless("a".repeat(300).as_bytes()).len(), NAME_BYTES);
        assert_eq!(argument(Path::new("-x")), "./-x");
        assert_eq!(argument(Path::new("a\x1b[8m")), "\"a\\033[8m\"");
    }
}
