//! Attacks that are looked at while the attacker waits: what the kernel says of it, limits, terminals, and ends.

use std::ffi::OsString;
use std::io::Read;
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use pinfold_plan::{Backend, Promise};
use rustix::pty::OpenptFlags;
use rustix::termios::{LocalModes, tcgetattr};

use super::super::attacker;
use super::super::attempt::PATIENCE;
use super::super::host::setting_in;
use super::trial::{Patience, Trial, attackers, end};
use crate::attack::{Row, Scene, Setting, Tried, judge};
use crate::error::CliError;

/// How long a supervisor that looks ten times a second may take to act on a busy machine.
const DEADLINE: Duration = Duration::from_secs(10);
/// The limits that the attackers go beyond.
const PROCESSES: usize = 12;
const OPEN_FILES: usize = 32;
const MEMORY_MIB: u64 = 48;
const DISK_MIB: u64 = 4;
const OUTPUT_KIB: u64 = 16;
const CPU_TIME_S: u64 = 1;
const WALL_TIME: Duration = Duration::from_millis(300);

/// What is seen at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// Nothing yet.
    Wait,
    Contained,
    Harm,
    /// Harm, unless the run is ended for it soon.
    Excess,
    /// Nothing can be told, because of this.
    Nowhere(&'static str),
}

/// An attack that is looked at.
struct Held {
    promise: Promise,
    name: &'static str,
    harm: &'static str,
    flag: Option<String>,
    verb: &'static str,
    words: Vec<OsString>,
    /// For a run of this mark.
    look: fn(&Scene<'_>, &Trial, &str) -> Sign,
}

/// All of them, at the same time.
pub(super) fn fight(
    setting: &Setting,
    bare: &Scene<'_>,
    inside: &Scene<'_>,
    patience: &Patience,
) -> Result<Vec<Row>, CliError> {
    let mut rows = Vec::new();
    let held: Vec<Held> = held(setting).into_iter().filter(|held| setting.promises(held.promise)).collect();
    let start = |scene: &Scene<'_>| held.iter().map(|held| held.start(scene)).collect::<Result<Vec<Trial>, CliError>>();
    let (mut outside, mut within) = (start(bare)?, start(inside)?);
    let signs = watch(&held, &mut [(bare, &mut outside), (inside, &mut within)], patience)?;
    for (index, held) in held.iter().enumerate() {
        let tried = match (&signs[0][index], &signs[1][index]) {
            (Err(why), _) | (_, Err(why)) => Tried::Nowhere(why.clone()),
            (Ok(bare), Ok(inside)) => judge(*bare, *inside),
        };
        rows.push(Row { promise: held.promise, name: held.name, harm: held.harm, told: false, tried });
    }
    drop((outside, within));
    if setting.promises(Promise::NothingSurvives) {
        let tried = match (orphan(bare, patience)?, orphan(inside, patience)?) {
            (Some(bare), Some(inside)) => judge(bare, inside),
            _ => Tried::Nowhere("it did not begin".into()),
        };
        let harm = "the command outlived its supervisor, which was killed";
        rows.push(Row { promise: Promise::NothingSurvives, name: "kill-supervisor", harm, told: false, tried });
    }
    if setting.promises(Promise::TerminalSafe) {
        let tried = match (terminal(bare, patience)?, terminal(inside, patience)?) {
            (Ok(bare), Ok(inside)) => judge(bare, inside),
            (Err(why), _) | (_, Err(why)) => Tried::Nowhere(why),
        };
        let harm = "the mode of the caller's terminal was changed";
        rows.push(Row { promise: Promise::TerminalSafe, name: "terminal-mode", harm, told: false, tried });
    }
    Ok(rows)
}

type Signs = Vec<Result<bool, String>>;

/// Looks at every run of both sides until all has been seen.
fn watch(
    held: &[Held],
    sides: &mut [(&Scene<'_>, &mut Vec<Trial>); 2],
    patience: &Patience,
) -> Result<[Signs; 2], CliError> {
    let mut seen = [vec![None; held.len()], vec![None; held.len()]];
    while seen.iter().flatten().any(Option::is_none) {
        for ((scene, trials), seen) in sides.iter_mut().zip(&mut seen) {
            for ((held, trial), seen) in held.iter().zip(trials.iter_mut()).zip(seen.iter_mut()) {
                if seen.is_none() {
                    *seen = held.see(scene, trial);
                    if seen.is_some() {
                        trial.release();
                    }
                }
            }
        }
        patience.moment()?;
    }
    Ok(seen.map(|side| side.into_iter().flatten().collect()))
}

impl Held {
    fn mark(&self, scene: &Scene<'_>) -> String {
        scene.token(&format!("mark of {}", self.name))
    }

    fn start(&self, scene: &Scene<'_>) -> Result<Trial, CliError> {
        let mut words: Vec<OsString> = vec!["0".into(), self.verb.into()];
        words.extend(self.words.iter().map(|word| if word == MARK { self.mark(scene).into() } else { word.clone() }));
        let flags: Vec<&str> = self.flag.iter().map(String::as_str).collect();
        scene.start(&flags, &words)
    }

    /// Whether it did harm, once that is known.
    fn see(&self, scene: &Scene<'_>, trial: &mut Trial) -> Option<Result<bool, String>> {
        // In this order: what is seen of a run that has ended is the whole of it.
        let ended = trial.has_ended();
        let began = trial.said_bytes() > 0 && trial.said().contains("@began 0");
        let sign = (self.look)(scene, trial, &self.mark(scene));
        let beyond_since = (sign == Sign::Excess).then(|| *trial.beyond_since.get_or_insert_with(Instant::now));
        let too_long = beyond_since.is_some_and(|since| since.elapsed() > DEADLINE);
        match sign {
            Sign::Harm => Some(Ok(true)),
            Sign::Excess if !scene.is_confined() || too_long => Some(Ok(true)),
            Sign::Contained => Some(Ok(false)),
            Sign::Nowhere(why) => Some(Err(why.into())),
            Sign::Wait | Sign::Excess if ended && began => Some(Ok(false)),
            Sign::Wait | Sign::Excess if ended => Some(Err(format!("it did not begin: {}", trial.complaint()))),
            Sign::Wait if trial.began.elapsed() > PATIENCE => Some(Err("it was too slow to be judged".into())),
            Sign::Wait | Sign::Excess => None,
        }
    }
}

/// Stands for the mark of the run.
const MARK: &str = "@mark";

fn held(setting: &Setting) -> Vec<Held> {
    let mut all = looks();
    if setting.plan.backend == Backend::LinuxLandlock {
        // There the filter keeps it, not a namespace.
        all.retain(|held| held.promise != Promise::IpcOutside);
    }
    all.extend(limits());
    if setting.plan.backend == Backend::LinuxLandlock && !rustix::process::geteuid().is_root() {
        // There all processes of the user count, and nobody knows how many come and go meanwhile.
        all.retain(|held| held.promise != Promise::LimitProcesses);
        all.push(process_limit());
    }
    all.push(Held {
        promise: Promise::NetworkOff,
        name: "serve",
        harm: "a service inside was reached from outside",
        flag: None,
        verb: "serve",
        words: vec![MARK.into()],
        look: |_, trial, mark| reach(trial, mark),
    });
    all
}

/// What the kernel says of a process that waits.
fn looks() -> Vec<Held> {
    let waiting = |promise, name, harm, look| Held {
        promise,
        name,
        harm,
        flag: None,
        verb: "wait",
        words: vec![MARK.into()],
        look,
    };
    vec![
        waiting(Promise::NoPrivileges, "new-privileges", "new privileges can be gained", |_, _, mark| {
            sign_of(mark, |pid| status(pid, "NoNewPrivs:").map(|flag| flag != "1"))
        }),
        waiting(Promise::NoPrivileges, "capabilities", "the command has capabilities", |_, _, mark| {
            sign_of(mark, |pid| status(pid, "CapEff:").map(|set| !set.trim_matches('0').is_empty()))
        }),
        waiting(Promise::KernelSurface, "filter", "no system call filter is in force", |_, _, mark| {
            // A container may have put the caller under one already.
            let own = filters("self").unwrap_or(0);
            sign_of(mark, move |pid| filters(&pid.to_string()).map(|count| count <= own))
        }),
        waiting(
            Promise::IpcOutside,
            "ipc-namespace",
            "message queues and semaphores are shared with the host",
            |_, _, mark| {
                let namespace = |process: &str| std::fs::read_link(format!("/proc/{process}/ns/ipc")).ok();
                sign_of(mark, move |pid| Some(namespace(&pid.to_string())? == namespace("self")?))
            },
        ),
    ]
}

/// Attackers that go beyond a limit.
fn limits() -> Vec<Held> {
    let beyond = |promise, name, harm, limit: String, verb, words: Vec<OsString>, look| Held {
        promise,
        name,
        harm,
        flag: Some(format!("--limit={limit}")),
        verb,
        words,
        look,
    };
    let times = |amount: u64| OsString::from(amount.to_string());
    vec![
        beyond(
            Promise::LimitProcesses,
            "many-processes",
            "more processes ran than allowed",
            format!("processes={PROCESSES}"),
            "processes",
            vec![times(PROCESSES as u64 * 2), MARK.into()],
            |_, trial, mark| {
                holding(
                    trial,
                    || if attackers("wait", mark).len() > PROCESSES { Sign::Excess } else { Sign::Contained },
                )
            },
        ),
        beyond(
            Promise::LimitOpenFiles,
            "many-files",
            "more files were open than allowed",
            format!("open-files={OPEN_FILES}"),
            "files",
            vec![times(OPEN_FILES as u64 * 4), MARK.into()],
            |_, trial, mark| {
                holding(trial, || {
                    one("files", &(OPEN_FILES * 4).to_string(), mark, |pid| {
                        Some(std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count() > OPEN_FILES)
                    })
                })
            },
        ),
        beyond(
            Promise::LimitMemory,
            "much-memory",
            "more memory was in use than allowed",
            format!("memory={MEMORY_MIB}MiB"),
            "memory",
            vec![times(MEMORY_MIB * 3), MARK.into()],
            |_, trial, _| holding(trial, || Sign::Excess),
        ),
        beyond(
            Promise::LimitDisk,
            "much-disk",
            "more was written than allowed",
            format!("disk={DISK_MIB}MiB"),
            "fill",
            vec!["filled".into(), times(DISK_MIB * 3)],
            |_, trial, _| holding(trial, || disk_sign(trial)),
        ),
        beyond(
            Promise::LimitWallTime,
            "long-time",
            "the command ran longer than allowed",
            format!("wall-time={}ms", WALL_TIME.as_millis()),
            "wait",
            vec![MARK.into()],
            |_, trial, mark| {
                let over = trial.began.elapsed() > WALL_TIME && !attackers("wait", mark).is_empty();
                if over { Sign::Excess } else { Sign::Wait }
            },
        ),
        beyond(
            Promise::LimitOutput,
            "much-output",
            "more was written to the output than allowed",
            format!("output={OUTPUT_KIB}KiB"),
            "shout",
            vec![times(OUTPUT_KIB * 64)],
            |_, trial, _| {
                if trial.said_bytes() >= OUTPUT_KIB * 64 * 1024 { Sign::Harm } else { Sign::Wait }
            },
        ),
        beyond(
            Promise::LimitCpu,
            "much-cpu-time",
            "more processor time was used than allowed",
            format!("cpu-time={CPU_TIME_S}s"),
            "burn",
            vec![MARK.into()],
            |_, _, mark| {
                let used = attackers("burn", mark).first().and_then(|pid| cpu_time_s(*pid));
                if used.is_some_and(|used| used > CPU_TIME_S as f64 + 0.2) { Sign::Excess } else { Sign::Wait }
            },
        ),
    ]
}

/// What the kernel says of the number of processes.
fn process_limit() -> Held {
    Held {
        promise: Promise::LimitProcesses,
        name: "process-limit",
        harm: "the kernel has no limit of the number of processes",
        flag: Some("--limit=processes=1999".into()),
        verb: "wait",
        words: vec![MARK.into()],
        look: |_, _, mark| {
            sign_of(mark, |pid| {
                let limit = setting_in(&format!("/proc/{pid}/limits"), "Max processes")?;
                let number = limit.split(' ').next().and_then(|number| number.parse::<u64>().ok());
                Some(number.is_none_or(|number| number > 1999))
            })
        },
    }
}

/// Looks once the attacker says that it has what it wanted.
fn holding(trial: &Trial, look: impl Fn() -> Sign) -> Sign {
    if trial.said().contains("@holding") { look() } else { Sign::Wait }
}

/// Looks at the process that waits with this mark.
fn sign_of(mark: &str, harm: impl Fn(i32) -> Option<bool>) -> Sign {
    sign(attackers("wait", mark).first().copied().and_then(harm))
}

/// Looks at the process of another verb; its mark comes after a first word.
fn one(verb: &str, first: &str, mark: &str, harm: impl Fn(i32) -> Option<bool>) -> Sign {
    let pids = attackers(verb, first);
    let marked = pids.into_iter().find(|pid| {
        std::fs::read(format!("/proc/{pid}/cmdline"))
            .is_ok_and(|line| line.split(|byte| *byte == 0).any(|word| word == mark.as_bytes()))
    });
    sign(marked.and_then(harm))
}

fn sign(harm: Option<bool>) -> Sign {
    match harm {
        Some(true) => Sign::Harm,
        Some(false) => Sign::Contained,
        None => Sign::Wait,
    }
}

/// The limit is on the growth of the whole file system, which others may make up for.
fn disk_sign(trial: &Trial) -> Sign {
    if trial.disk_growth_bytes() > DISK_MIB << 20 {
        Sign::Excess
    } else {
        Sign::Nowhere("others made room on the disk meanwhile")
    }
}

/// Processor time that a process has used so far, in seconds.
fn cpu_time_s(pid: i32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // After the name, which may hold anything.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11);
    let (user, system) = (fields.next()?.parse::<u64>().ok()?, fields.next()?.parse::<u64>().ok()?);
    Some((user + system) as f64 / rustix::param::clock_ticks_per_second() as f64)
}

fn status(pid: i32, key: &str) -> Option<String> {
    setting_in(&format!("/proc/{pid}/status"), key)
}

/// How many system call filters a process is under.
fn filters(process: &str) -> Option<u32> {
    let path = format!("/proc/{process}/status");
    let counted = setting_in(&path, "Seccomp_filters:").and_then(|count| count.parse().ok());
    counted.or_else(|| Some(u32::from(setting_in(&path, "Seccomp:")? == "2")))
}

/// Calls the service that the attacker says it offers; only it can greet with the mark.
fn reach(trial: &Trial, mark: &str) -> Sign {
    let said = trial.said();
    if said.contains("@failed 0") {
        return Sign::Contained;
    }
    let Some(port) = said.lines().find_map(|line| line.strip_prefix("@port ")?.parse::<u16>().ok()) else {
        return Sign::Wait;
    };
    let Ok(mut service) = TcpStream::connect(("127.0.0.1", port)) else { return Sign::Contained };
    let _ = service.set_read_timeout(Some(Duration::from_millis(500)));
    let mut greeting = vec![0; mark.len()];
    let greeted = service.read_exact(&mut greeting).is_ok() && greeting == mark.as_bytes();
    if greeted { Sign::Harm } else { Sign::Contained }
}

/// Kills whoever started the command: without the sandbox its parent, inside the supervisor. Is it still there?
fn orphan(scene: &Scene<'_>, patience: &Patience) -> Result<Option<bool>, CliError> {
    let mark = scene.token("mark of the orphan");
    let mut trial = scene.start(&[], &["0".into(), "nest".into(), mark.clone().into()])?;
    let begin = Instant::now();
    while attackers("wait", &mark).is_empty() {
        if trial.has_ended() || begin.elapsed() > DEADLINE {
            return Ok(None);
        }
        patience.moment()?;
    }
    trial.kill();
    // The kernel takes the namespace down at its leisure.
    let begin = Instant::now();
    let grace = if scene.is_confined() { DEADLINE } else { Duration::from_millis(20) };
    while !attackers("wait", &mark).is_empty() && begin.elapsed() < grace {
        patience.moment()?;
    }
    let survivors = attackers("wait", &mark);
    end(&survivors);
    Ok(Some(!survivors.is_empty()))
}

/// Gives the attacker a terminal of the caller's, and looks at its mode afterwards.
fn terminal(scene: &Scene<'_>, patience: &Patience) -> Result<Result<bool, String>, CliError> {
    let Ok((master, slave)) = open_terminal() else { return Ok(Err("no terminal can be made here".into())) };
    let mut attacker = scene.command(&[]);
    attacker.args(["0", "terminal"]);
    let output = scene.next_output();
    let mut session = Trial::start_at(at_terminal(scene, &attacker), slave, &output)?;
    let mut said = Vec::new();
    loop {
        let mut bytes = [0; 4096];
        if let Ok(length) = rustix::io::read(&master, &mut bytes) {
            said.extend(&bytes[..length]);
        }
        let text = String::from_utf8_lossy(&said);
        if text.contains("@over") {
            let echoes = tcgetattr(&master).is_ok_and(|modes| modes.local_modes.contains(LocalModes::ECHO));
            let began = text.contains("@began 0");
            return Ok(if began { Ok(!echoes) } else { Err(format!("it did not begin: {}", session.complaint())) });
        }
        if session.has_ended() || session.began.elapsed() > DEADLINE {
            return Ok(Err(format!("it did not end: {}", session.complaint())));
        }
        patience.moment()?;
    }
}

/// The same command in a session of its own, at the terminal that is its standard output.
fn at_terminal(scene: &Scene<'_>, attacker: &Command) -> Command {
    let mut command = Command::new(&scene.setting.caller.own);
    command.args([attacker::ARGUMENT, "-", "at-terminal"]).arg(attacker.get_program()).args(attacker.get_args());
    for (name, value) in attacker.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    if let Some(directory) = attacker.get_current_dir() {
        command.current_dir(directory);
    }
    command
}

fn open_terminal() -> rustix::io::Result<(std::os::fd::OwnedFd, std::os::fd::OwnedFd)> {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let master = rustix::pty::openpt(flags)?;
    rustix::pty::grantpt(&master)?;
    rustix::pty::unlockpt(&master)?;
    let slave = rustix::pty::ioctl_tiocgptpeer(&master, flags)?;
    rustix::fs::fcntl_setfl(&master, rustix::fs::OFlags::NONBLOCK)?;
    Ok((master, slave))
}
