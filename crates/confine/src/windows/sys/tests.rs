//! What can be shown wherever these functions exist, Wine included: that processes get what they are given and nothing
//! else, and end together. That nobody can do more than allowed is not shown here.

use std::fs::File;
use std::io::{self, Write};
use std::os::windows::io::{AsHandle, FromRawHandle, OwnedHandle};
use std::path::PathBuf;

use pinfold_acl::{Access, Ace, Acl, Descriptor, Inherit};
use pinfold_plan::windows::{command_line, environment_block};

use super::console::{PseudoConsole, is_console};
use super::desktop::Desktop;
use super::files::{self, Purpose};
use super::job::{Bounds, Job};
use super::process::{Process, Start, Stdio};
use super::token::Token;
use super::{inheritable, random, security};

/// What the child is to do, as a variable.
const ROLE: &str = "PINFOLD_TEST_ROLE";
const ENDS_WITH: u32 = 4711;

/// No test, but what the children of the others do.
#[test]
fn child() {
    let Ok(role) = std::env::var(ROLE) else { return };
    // The harness has begun a line.
    println!();
    match role.as_str() {
        "wait" => std::thread::park(),
        "arguments" => std::env::args().for_each(|argument| println!("<{argument}>")),
        "variables" => std::env::vars().for_each(|(name, value)| println!("<{name}={value}>")),
        "desktop" => println!("<{}>", desktop_of_this_process()),
        "directory" => println!("<{}>", std::env::current_dir().unwrap().display()),
        "within" => println!("<{}>", super::job::is_within().unwrap()),
        "parent" => {
            let child = std::process::Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "windows::sys::tests::child"])
                .env(ROLE, "wait")
                .spawn();
            println!("<{}>", child.is_ok());
        }
        handle => {
            let handle = handle.parse::<usize>().unwrap();
            // SAFETY: nothing else in this process has it, if there is anything behind it at all.
            let mut file = unsafe { File::from_raw_handle(std::ptr::without_provenance_mut(handle)) };
            println!("<{}>", file.write_all(b"reached").is_ok());
            std::mem::forget(file);
        }
    }
    std::process::exit(ENDS_WITH as i32);
}

/// What this process was told. A test is not on its first thread, and Wine puts only that one there.
fn desktop_of_this_process() -> String {
    use windows_sys::Win32::System::Threading::{GetStartupInfoW, STARTUPINFOW};
    let mut startup = STARTUPINFOW::default();
    // SAFETY: the structure is there to be written.
    unsafe { GetStartupInfoW(&raw mut startup) };
    let unit = |place: usize| {
        // SAFETY: the text has its end, and nothing behind that is read.
        let unit = unsafe { startup.lpDesktop.add(place) };
        // SAFETY: likewise.
        unsafe { unit.read() }
    };
    let units: Vec<u16> = (0..).map(unit).take_while(|unit| *unit != 0).collect();
    String::from_utf16(&units).unwrap()
}

/// A directory that goes with the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("pinfold-sys-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(PathBuf::from(files::resolved(path.to_str().unwrap()).unwrap()))
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A child in a role, what it is given besides, and where its output goes.
#[derive(Default)]
struct Child<'a> {
    role: &'a str,
    arguments: &'a [&'a str],
    variables: &'a [(&'a str, &'a str)],
    desktop: Option<&'a str>,
    token: Option<&'a Token>,
}

impl Child<'_> {
    fn start(&self, scratch: &Scratch, job: &Job) -> io::Result<Process> {
        let output = File::create(scratch.path("output"))?;
        let output = inheritable(output.as_handle())?;
        let nothing = inheritable(files::nothing()?.as_handle())?;
        let handles = [nothing.as_handle(), output.as_handle(), nothing.as_handle()];
        self.start_with(scratch, job, Stdio::Handles(handles))
    }

    fn start_with(&self, scratch: &Scratch, job: &Job, stdio: Stdio<'_>) -> io::Result<Process> {
        let program = std::env::current_exe()?.to_str().unwrap().to_owned();
        let named = ["--exact", "--nocapture", "--test-threads=1", "windows::sys::tests::child"];
        let arguments = [&named, self.arguments].concat();
        let root = std::env::var("SystemRoot").unwrap();
        let given = [&[(ROLE, self.role), ("SystemRoot", &root)], self.variables].concat();
        let suspended = Start {
            token: self.token,
            program: &program,
            command_line: &command_line(&program, &arguments).unwrap(),
            environment: &environment_block(given).unwrap(),
            directory: scratch.0.to_str().unwrap(),
            stdio,
            desktop: self.desktop,
            job,
            mitigations: super::process::NO_EXTENSION_POINTS | super::process::NO_REMOTE_IMAGES,
        }
        .suspended()?;
        assert!(job.holds(&suspended.process)?);
        suspended.resume()
    }

    /// To its end: what it said between angle brackets.
    fn told(&self, scratch: &Scratch) -> Vec<String> {
        let job = Job::new(&Bounds::default()).unwrap();
        let process = self.start(scratch, &job).unwrap();
        assert_eq!(process.wait().unwrap(), ENDS_WITH);
        let output = std::fs::read_to_string(scratch.path("output")).unwrap();
        let lines = output.lines().filter_map(|line| Some(line.strip_prefix('<')?.strip_suffix('>')?.to_owned()));
        lines.collect()
    }
}

#[test]
fn a_job_that_is_closed_kills_what_is_in_it() {
    let scratch = Scratch::new("closed");
    let job = Job::new(&Bounds::default()).unwrap();
    let process = Child { role: "wait", ..Child::default() }.start(&scratch, &job).unwrap();
    assert_eq!(job.used().unwrap().processes_now, 1);
    drop(job);
    process.wait().unwrap();
}

#[test]
fn children_of_a_command_end_with_the_job() {
    let scratch = Scratch::new("grandchild");
    let job = Job::new(&Bounds::default()).unwrap();
    let process = Child { role: "parent", ..Child::default() }.start(&scratch, &job).unwrap();
    assert_eq!(process.wait().unwrap(), ENDS_WITH);
    let used = job.used().unwrap();
    // The system may have added one for the console.
    assert!(used.processes_now >= 1 && used.processes_ever >= 2, "{used:?}");
    job.terminate(7).unwrap();
    job.wait_until_empty().unwrap();
    assert_eq!(job.used().unwrap().processes_now, 0);
}

#[test]
fn a_terminated_job_gives_its_exit_code() {
    let scratch = Scratch::new("terminated");
    let job = Job::new(&Bounds::default()).unwrap();
    let process = Child { role: "wait", ..Child::default() }.start(&scratch, &job).unwrap();
    job.terminate(137).unwrap();
    assert_eq!(process.wait().unwrap(), 137);
}

#[test]
fn bounds_are_those_that_were_set() {
    let bounds = Bounds { processes: Some(7), memory_bytes: Some(1 << 30), cpu_time_ms: Some(60_000), interface: 0xff };
    let Ok((flags, found)) = Job::new(&bounds).unwrap().bounds() else {
        return eprintln!("skipped, because this system does not tell all limits of a job (Wine)");
    };
    assert_eq!((flags & super::job::ALWAYS, found), (super::job::ALWAYS, bounds));
}

#[test]
fn a_command_knows_whether_it_is_in_a_job() {
    let scratch = Scratch::new("within");
    assert_eq!(Child { role: "within", ..Child::default() }.told(&scratch), ["true"]);
}

#[test]
fn a_command_can_have_a_terminal_of_its_own() {
    let scratch = Scratch::new("terminal");
    let (typed, _keys) = io::pipe().unwrap();
    let (_screen, shown) = io::pipe().unwrap();
    let console = match PseudoConsole::new((80, 25), &typed.into(), &shown.into()) {
        Ok(console) => console,
        Err(error) => return eprintln!("skipped, because there are no pseudo consoles here: {error}"),
    };
    let job = Job::new(&Bounds::default()).unwrap();
    let child = Child { role: "arguments", ..Child::default() };
    let process = child.start_with(&scratch, &job, Stdio::Console(&console)).unwrap();
    assert_eq!(process.wait().unwrap(), ENDS_WITH);
    // What goes through it is not looked at: Wine shows it elsewhere.
    drop(job);
}

#[test]
fn only_listed_handles_are_inherited() {
    let scratch = Scratch::new("handles");
    let file = File::create(scratch.path("secret")).unwrap();
    let leaked: OwnedHandle = inheritable(file.as_handle()).unwrap();
    let number = std::os::windows::io::AsRawHandle::as_raw_handle(&leaked).addr().to_string();
    assert_eq!(Child { role: &number, ..Child::default() }.told(&scratch), ["false"]);
    assert_eq!(std::fs::read(scratch.path("secret")).unwrap(), b"");
}

#[test]
fn arguments_arrive_as_they_were_given() {
    let scratch = Scratch::new("arguments");
    let arguments = ["a b", r#"c"d"#, r"e\", r#"f\" g"#, "", "%PATH%", "ü日本", "^&|<", r"\\server\share\"];
    let told = Child { role: "arguments", arguments: &arguments, ..Child::default() }.told(&scratch);
    assert_eq!(told[5..], arguments);
}

#[test]
fn variables_are_those_that_were_given() {
    let scratch = Scratch::new("variables");
    let variables = [("PINFOLD_ONE", "ü=1"), ("Path", r"C:\nowhere")];
    let told = Child { role: "variables", variables: &variables, ..Child::default() }.told(&scratch);
    let upper: Vec<String> = told.iter().map(|line| line.to_uppercase()).collect();
    assert!(told.contains(&"PINFOLD_ONE=ü=1".to_owned()) && upper.contains(&r"PATH=C:\NOWHERE".to_owned()), "{told:?}");
    // Of cargo's or Wine's own there are always some.
    assert!(std::env::var("TEMP").is_ok() && !upper.iter().any(|line| line.starts_with("TEMP=")), "{told:?}");
}

#[test]
fn a_command_begins_where_it_was_told_to() {
    let scratch = Scratch::new("directory");
    let told = Child { role: "directory", ..Child::default() }.told(&scratch);
    assert_eq!(told, [scratch.0.to_str().unwrap()]);
}

#[test]
fn a_command_is_on_the_desktop_that_was_made_for_it() {
    let scratch = Scratch::new("desktop");
    let user = Token::own().unwrap().user().unwrap();
    let dacl = Acl(vec![Ace::allow(user.clone(), Access::GENERIC_ALL, Inherit::NOTHING)]);
    let desktop = Desktop::new("pinfold-test", &Descriptor::new(user.clone(), user, Some(dacl))).unwrap();
    let told = Child { role: "desktop", desktop: Some(&desktop.name), ..Child::default() }.told(&scratch);
    assert_eq!(told, [desktop.name.as_str()]);
    assert!(desktop.name.ends_with(r"\pinfold-test"), "{}", desktop.name);
}

#[test]
fn a_command_runs_with_a_token_of_its_own() {
    let scratch = Scratch::new("token");
    let token = Token::own().unwrap().lessened(&super::token::Less::default()).unwrap();
    assert_eq!(token.user().unwrap(), Token::own().unwrap().user().unwrap());
    let told = Child { role: "directory", token: Some(&token), ..Child::default() }.told(&scratch);
    assert_eq!(told.len(), 1);
}

#[test]
fn what_is_pinned_keeps_its_place() {
    let scratch = Scratch::new("pins");
    std::fs::create_dir(scratch.path("directory")).unwrap();
    std::fs::write(scratch.path("file"), "").unwrap();
    for name in ["file", "directory"] {
        let (path, other) = (scratch.path(name), scratch.path("other"));
        let pin = files::open(&path, Purpose::Pin).unwrap();
        assert!(std::fs::rename(&path, &other).is_err(), "{name}");
        assert!(std::fs::remove_file(&path).and_then(|()| std::fs::remove_dir(&path)).is_err(), "{name}");
        drop(pin);
        std::fs::rename(&path, &other).unwrap();
        std::fs::rename(&other, &path).unwrap();
    }
}

#[test]
fn files_are_known_by_their_numbers_and_real_paths() {
    let scratch = Scratch::new("files");
    std::fs::write(scratch.path("One"), "").unwrap();
    std::fs::write(scratch.path("two"), "").unwrap();
    let open = |name: &str| files::open(&scratch.path(name), Purpose::Look).unwrap();
    assert_eq!(files::id(&open("One")), files::id(&open("oNE")));
    assert_ne!(files::id(&open("One")), files::id(&open("two")));
    assert_eq!(files::names(&open("two")).unwrap(), 1);
    std::fs::hard_link(scratch.path("two"), scratch.path("three")).unwrap();
    assert_eq!(files::names(&open("three")).unwrap(), 2);
    let missing = files::open(&scratch.path("missing"), Purpose::Look).unwrap_err();
    assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    assert!(security::read(&files::open(&scratch.path("two"), Purpose::ReadList).unwrap()).unwrap().dacl.is_some());
}

#[test]
fn nothing_is_no_console_and_random_bytes_differ() {
    assert!(!is_console(files::nothing().unwrap().as_handle()));
    let mut bytes = [[0; 16]; 2];
    bytes.iter_mut().for_each(|bytes| random(bytes).unwrap());
    assert_ne!(bytes[0], bytes[1]);
}

#[test]
fn a_file_is_somewhere_as_long_as_it_has_a_name() {
    let directory = std::env::temp_dir().join(format!("pinfold-somewhere-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let (first, second) = (directory.join("first"), directory.join("second"));
    std::fs::write(&first, "x").unwrap();
    let beside = files::open(directory.to_str().unwrap(), Purpose::Look).unwrap();
    let number = files::id(&files::open(first.to_str().unwrap(), Purpose::Look).unwrap());
    if let Some(number) = number {
        std::fs::rename(&first, &second).unwrap();
        assert!(files::is_somewhere(&beside, number));
        std::fs::remove_file(&second).unwrap();
        println!("when it is gone: {}", files::is_somewhere(&beside, number));
    }
    drop(beside);
    std::fs::remove_dir_all(&directory).unwrap();
}
