//! The one who tries out what a command could do, with the very token and in the very job of the command.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader};
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::AsHandle;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use pinfold_acl::{Access, Child, Descriptor};
use pinfold_plan::windows::alone::{self, Dress};
use pinfold_plan::windows::{Plan, Reach, Root};

use super::context::Context;
use crate::windows::ConfineError;
use crate::windows::self_check::alone::Places;
use crate::windows::self_check::attempt::{self, ARGUMENT, Attempt, Expected, Wish};
use crate::windows::self_check::scene::Scene;
use crate::windows::self_check::silence;
use crate::windows::self_check::{Breach, Mechanism};
use crate::windows::sys::process::{Start, Stdio};
use crate::windows::sys::token::Token;
use crate::windows::sys::{files, inheritable};

/// `FILE_FLAG_BACKUP_SEMANTICS`, without which no directory is opened, and `FILE_FLAG_OPEN_REPARSE_POINT`.
const ITSELF: u32 = 0x0200_0000 | 0x0020_0000;

/// For the beginning of `main`: when the program was started to try things out, it does so and is done.
pub fn live_if_asked() -> Option<ExitCode> {
    std::env::args_os().nth(1).filter(|first| first == ARGUMENT)?;
    let lived = attempt::live(BufReader::new(io::stdin()), io::stdout(), &open);
    Some(if lived.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn open(path: &Path, wish: Wish) -> io::Result<()> {
    let access = match wish {
        Wish::Write => Access::FILE_WRITE_DATA,
        Wish::Remove => Access::DELETE,
        Wish::ChangeList => Access::WRITE_DAC,
    };
    OpenOptions::new().access_mode(access.0).custom_flags(ITSELF).open(path).map(drop)
}

/// Starts the program itself with a hidden argument, in everything else like the command, and tells what does not hold.
pub(super) fn send(like: &Start<'_>, plan: &Plan, directory: &Path, name: &str) -> Result<Vec<Breach>, ConfineError> {
    let outside = directory.join("checks");
    let scene = Scene::build(&outside, Path::new(&plan.private_temp), name).step("make files for the self-check")?;
    // A system that does not take lists as they are written confines nothing by them.
    let (alone, unmade) = kept_alone(plan, scene.outside()).map_or_else(
        |error| (Places::default(), Some(format!("no place could be made that one mechanism keeps alone: {error}"))),
        |alone| (alone, None),
    );
    let mut expected = scene.attempts();
    expected.extend(alone.attempts());
    expected.extend(plan.roots.iter().filter(|root| root.reach == Reach::Work).flat_map(places));
    expected.extend(plan.pins.iter().map(|path| never(path, Wish::Remove)));
    let told = try_out(like, &expected, scene.outside()).step("try out the confinement")?;
    let mut breaches = scene.judge();
    breaches.extend(alone.judge());
    breaches.extend(unmade.map(|found| Breach::new(Mechanism::AccessList, found)));
    breaches.extend(attempt::differences(&expected, &told));
    Ok(breaches)
}

/// Places with lists and labels of their own, which go with their directory.
fn kept_alone(plan: &Plan, directory: &Path) -> io::Result<Places> {
    let owner = Token::own()?.user()?;
    let make = |path: &Path, child, Dress { dacl, label }: &Dress| {
        let made = Descriptor::new(owner.clone(), owner.clone(), Some(dacl.clone()));
        let made = Descriptor { label: Some(*label), protected: true, ..made };
        let path = path.to_str().ok_or_else(|| io::Error::other("its path is no Unicode"))?;
        match child {
            Child::Directory => files::make_directory(path, &made),
            Child::File => files::make_file(path, &made),
        }
    };
    let places = alone::places(plan);
    if places.is_empty() {
        return Err(io::Error::other("the plan has no identifier to try them with"));
    }
    Places::build(directory, places, &make)
}

/// What exists in a root, opened and left alone.
fn places(root: &Root) -> Vec<Expected> {
    let below = |path: &String| format!(r"{}\{path}", root.path.trim_end_matches('\\'));
    let protected = root
        .protected
        .iter()
        .map(below)
        .flat_map(|path| [Wish::Write, Wish::Remove, Wish::ChangeList].map(|wish| never(&path, wish)));
    let kept = root.kept.iter().map(below).map(|path| never(&path, Wish::Remove));
    // Its list may be changed by whoever owns it, which with all that is in it does no harm.
    let itself = Expected::of_all(Attempt::Open(PathBuf::from(&root.path), Wish::Write), true);
    std::iter::once(itself).chain(protected).chain(kept).collect()
}

fn never(path: &str, wish: Wish) -> Expected {
    Expected::of_all(Attempt::Open(PathBuf::from(path), wish), false)
}

/// Attempts go in by a file and outcomes come out by another: nobody has to read while it lives.
fn try_out(like: &Start<'_>, expected: &[Expected], directory: &Path) -> io::Result<String> {
    let (asked, told) = (directory.join("attempts"), directory.join("outcomes"));
    std::fs::write(&asked, attempt::written(expected.iter().map(|expected| &expected.attempt)))?;
    let (input, output) = (File::open(&asked)?, File::create(&told)?);
    let (input, output) = (inheritable(input.as_handle())?, inheritable(output.as_handle())?);
    let nothing = inheritable(files::nothing()?.as_handle())?;
    let program = std::env::current_exe()?;
    let program = program.to_str().ok_or_else(|| io::Error::other("the program's path is no Unicode"))?;
    let canary = Start {
        program,
        command_line: &format!("\"{program}\" {ARGUMENT}"),
        stdio: Stdio::Handles([input.as_handle(), output.as_handle(), nothing.as_handle()]),
        ..*like
    };
    let code = canary.begin()?.wait()?;
    // Before the files go and the command comes.
    canary.job.wait_until_empty()?;
    let outcomes = std::fs::read_to_string(told)?;
    match outcomes.is_empty() {
        true => Err(io::Error::other(silence::why(code))),
        false => Ok(outcomes),
    }
}
