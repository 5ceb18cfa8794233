//! A command under a plan, from its start to its end.

use std::io;
use std::os::windows::io::{AsHandle, BorrowedHandle, OwnedHandle};
use std::path::Path;

use pinfold_acl::{Access, Ace, Acl, Descriptor, Inherit, Label, Sid};
use pinfold_plan::windows::{InterfaceLimit, Job as Bounds, Mitigation, Plan, environment_block};

use super::context::Context;
use super::refuse::refuse;
use super::terminal::Terminal;
use super::token;
use super::world::unique_name;
use super::{Guard, canary, probe};
use crate::windows::ConfineError;
use crate::windows::program::{Invocation, Search, invocation};
use crate::windows::self_check::token::differences;
use crate::windows::self_check::{Breach, Mechanism};
use crate::windows::sys::console::is_console;
use crate::windows::sys::desktop::Desktop;
use crate::windows::sys::job::{self, Job, Used};
use crate::windows::sys::process::{NO_EXTENSION_POINTS, NO_REMOTE_IMAGES, Process, Start, Stdio};
use crate::windows::sys::token::Token;
use crate::windows::sys::{files, inheritable};

/// A command to run under a plan.
#[derive(Debug, Clone, Copy)]
pub struct Command<'a> {
    /// The program, a path or a name to be found on the `PATH` of [`Command::environment`], and its arguments.
    pub words: &'a [String],
    /// Everything its environment holds.
    pub environment: &'a [(String, String)],
    /// The current directory.
    pub directory: &'a str,
    /// Standard input, output and error; without one there is nothing to read and what is written is lost. Never a console.
    /// With a terminal, none of them counts.
    pub stdio: [Option<BorrowedHandle<'a>>; 3],
    /// Give the command a terminal of its own, of so many columns and rows.
    pub terminal: Option<(u16, u16)>,
}

/// A command that runs. Dropped, it is killed and every process of the run with it.
#[derive(Debug)]
pub struct Confined {
    process: Process,
    pub(super) job: Job,
    /// The command's terminal.
    pub terminal: Option<Terminal>,
    /// What does not hold, and was let pass: always nothing but in builds for tests of what is around the confinement.
    pub unkept: Vec<Breach>,
    _desktop: Desktop,
}

impl Confined {
    /// Starts a command, if everything holds that the plan says.
    pub fn start(plan: &Plan, guard: &Guard, command: &Command<'_>) -> Result<Self, ConfineError> {
        Self::start_within(plan, guard.breaches.clone(), command, &guard.directory)
    }

    /// The same for a runner that stands under another account: pins and access lists are its supervisor's, who has found
    /// `breaches` in them. `directory` is one that the runner can write and nothing inside.
    pub fn start_within(
        plan: &Plan,
        mut breaches: Vec<Breach>,
        command: &Command<'_>,
        directory: &Path,
    ) -> Result<Self, ConfineError> {
        let invocation = invocation_of(command)?;
        let variables = command.environment.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let environment = environment_block(variables)?;
        let own = Token::own().step("open the token of this process")?;
        let token = token::make(&own, &plan.token)?;
        let bounds = bounds(&plan.job);
        let job = make_job(&bounds)?;
        let name = unique_name().step("draw random bytes")?;
        let desktop = Desktop::new(&name, &open_to(plan, &own)?).step("make a desktop")?;
        let terminal = command.terminal.map(Terminal::new).transpose().step("make a terminal")?;
        let handles = handles(command)?;
        let start = Start {
            token: Some(&token),
            program: &invocation.program,
            command_line: &invocation.command_line,
            environment: &environment,
            directory: command.directory,
            stdio: match &terminal {
                Some(terminal) => Stdio::Console(&terminal.console),
                None => Stdio::Handles(handles.each_ref().map(AsHandle::as_handle)),
            },
            desktop: Some(&desktop.name),
            job: &job,
            mitigations: mitigations(&plan.mitigations),
        };
        breaches.extend(unbounded(&job, &bounds));
        breaches.extend(differences(&plan.token, &token::facts(&token)));
        breaches.extend(canary::send(&start, plan, directory, &name)?);
        let unkept = refuse(breaches)?;
        let process = start.begin().step_at("start", &command.words[0])?;
        Ok(Self { process, job, terminal, unkept, _desktop: desktop })
    }

    /// The number of its first process.
    pub fn id(&self) -> u32 {
        self.process.id
    }

    /// Waits until the command has ended, and gives its exit code. Other processes of the run may be left.
    pub fn wait(&self) -> io::Result<u32> {
        self.process.wait()
    }

    /// Waits until no process of the run is left.
    pub fn wait_for_all(&self) -> io::Result<()> {
        self.job.wait_until_empty()
    }

    /// Ends every process of the run, with this exit code.
    pub fn terminate(&self, code: u32) -> io::Result<()> {
        self.job.terminate(code)
    }

    /// What they have used up to now, and the self-check before them.
    pub fn used(&self) -> io::Result<Used> {
        self.job.used()
    }
}

/// Its first process: the handle is signalled when that has ended.
impl AsHandle for Confined {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.process.as_handle()
    }
}

/// What the job does not limit though it should.
fn unbounded(job: &Job, planned: &job::Bounds) -> Option<Breach> {
    let found = match job.bounds() {
        Ok((flags, found)) if flags & job::ALWAYS == job::ALWAYS && found == *planned => return None,
        Ok(found) => format!("it has {found:?}, not {planned:?}"),
        Err(error) => format!("they cannot be read back: {error}"),
    };
    Some(Breach::new(Mechanism::Job, found))
}

/// Where the caller is in a job already, the system would only say that access is denied.
fn make_job(planned: &job::Bounds) -> Result<Job, ConfineError> {
    if planned.interface != 0 && probe::is_in_job()? {
        let what = "this process is in a job itself, and jobs within jobs have no limits of the user interface";
        return Err(io::Error::other(what)).step("limit the user interface");
    }
    Job::new(planned).step("make a job")
}

fn invocation_of(command: &Command<'_>) -> Result<Invocation, ConfineError> {
    let not_found = |program: &str| ConfineError::NotFound { program: program.to_owned() };
    let (program, arguments) = command.words.split_first().ok_or_else(|| not_found(""))?;
    let variable = |wanted: &str| {
        let mut all = command.environment.iter();
        all.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.as_str())
    };
    let search = Search {
        path: variable("PATH").unwrap_or_default(),
        endings: variable("PATHEXT"),
        directory: command.directory,
        is_file: &|path| std::fs::metadata(path).is_ok_and(|found| found.is_file()),
    };
    let program = search.find(program).ok_or_else(|| not_found(program))?;
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let interpreter = format!(r"{}\System32\cmd.exe", variable("SystemRoot").unwrap_or(r"C:\Windows"));
    Ok(invocation(&program, &arguments, &interpreter)?)
}

/// What the command inherits.
fn handles(command: &Command<'_>) -> Result<[OwnedHandle; 3], ConfineError> {
    let given = |number: usize| match command.stdio[number] {
        Some(handle) if command.terminal.is_none() && is_console(handle) => Err(ConfineError::Console { number }),
        Some(handle) => inheritable(handle).step("hand a standard descriptor over"),
        None => files::nothing()
            .and_then(|nothing| inheritable(nothing.as_handle()))
            .step("open the device that swallows everything"),
    };
    Ok([given(0)?, given(1)?, given(2)?])
}

/// A desktop that what is restricted to the plan's identifiers may use, at the integrity of the command.
fn open_to(plan: &Plan, own: &Token) -> Result<Descriptor, ConfineError> {
    /// To use a desktop, and to ask about its list: all that is specific to desktops but `DESKTOP_SWITCHDESKTOP`, with which
    /// the user would be shown it.
    const USE: Access = Access(0xff | Access::READ_CONTROL.0);
    let user = own.user().step("ask for the user")?;
    let whom = plan.token.default_list.iter().filter(|ace| ace.sid != Sid::OWNER_RIGHTS);
    let entries = whom.map(|ace| Ace::allow(ace.sid.clone(), USE, Inherit::NOTHING));
    let owner = Ace::allow(Sid::OWNER_RIGHTS, Access::READ_CONTROL, Inherit::NOTHING);
    let mut descriptor = Descriptor::new(user.clone(), user, Some(Acl::canonical(entries.chain([owner]))));
    descriptor.label = Some(Label::new(plan.token.integrity, Inherit::NOTHING));
    Ok(descriptor)
}

fn bounds(job: &Bounds) -> job::Bounds {
    job::Bounds {
        processes: job.processes,
        memory_bytes: job.memory_bytes,
        cpu_time_ms: job.cpu_time_ms,
        interface: interface_bits(&job.interface),
    }
}

/// The bits (`JOB_OBJECT_UILIMIT_…`) of some limits.
pub fn interface_bits(limits: &[InterfaceLimit]) -> u32 {
    limits.iter().fold(0, |sum, limit| sum | interface(*limit))
}

fn interface(limit: InterfaceLimit) -> u32 {
    use windows_sys::Win32::System::JobObjects as jobs;
    match limit {
        InterfaceLimit::Desktop => jobs::JOB_OBJECT_UILIMIT_DESKTOP,
        InterfaceLimit::DisplaySettings => jobs::JOB_OBJECT_UILIMIT_DISPLAYSETTINGS,
        InterfaceLimit::ExitWindows => jobs::JOB_OBJECT_UILIMIT_EXITWINDOWS,
        InterfaceLimit::GlobalAtoms => jobs::JOB_OBJECT_UILIMIT_GLOBALATOMS,
        InterfaceLimit::Handles => jobs::JOB_OBJECT_UILIMIT_HANDLES,
        InterfaceLimit::ReadClipboard => jobs::JOB_OBJECT_UILIMIT_READCLIPBOARD,
        InterfaceLimit::SystemParameters => jobs::JOB_OBJECT_UILIMIT_SYSTEMPARAMETERS,
        InterfaceLimit::WriteClipboard => jobs::JOB_OBJECT_UILIMIT_WRITECLIPBOARD,
    }
}

fn mitigations(mitigations: &[Mitigation]) -> u64 {
    mitigations.iter().fold(0, |sum, mitigation| {
        sum | match mitigation {
            Mitigation::NoExtensionPoints => NO_EXTENSION_POINTS,
            Mitigation::NoRemoteImages => NO_REMOTE_IMAGES,
        }
    })
}
