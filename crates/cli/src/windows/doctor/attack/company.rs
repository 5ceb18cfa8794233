//! Who is outside while attackers are at work: processes that mind their own business, and what they share by names.

use std::fs::File;
use std::io::{self, Write};
use std::os::windows::io::AsRawHandle;
use std::os::windows::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use pinfold_confine::windows::attack;

use super::super::attacker;
use super::super::attacker::victim::{FILE, MEMORY, READY, REWRITTEN, SCRATCHPAD, TYPED, WRITTEN};
use super::catalogue::{Change, Verb};
use super::trial::INTERVAL;
use crate::attack::Scene;

/// How long a process may take to be ready, and to end.
const PATIENCE: Duration = Duration::from_secs(20);
/// A console that nobody sees (winbase.h).
const CREATE_NO_WINDOW: u32 = 0x800_0000;

/// Two processes: one to be read and changed, one to be ended.
pub(super) struct Company {
    pub(super) victim: Victim,
    pub(super) sacrifice: Victim,
}

/// A process of the caller's that has secrets.
pub(super) struct Victim {
    child: Child,
    stdin: Option<ChildStdin>,
    output: PathBuf,
    priority: Option<u32>,
}

impl Company {
    pub(super) fn gather(scene: &Scene<'_>) -> io::Result<Self> {
        Ok(Self { victim: Victim::start(scene, "victim")?, sacrifice: Victim::start(scene, "sacrifice")? })
    }

    /// Looks at both, and lets them go.
    pub(super) fn dismiss(self) -> Changes {
        let Self { mut victim, mut sacrifice } = self;
        let mut changes = Vec::new();
        let mut note = |change, happened: bool| changes.extend(happened.then_some(change));
        note(Change::Ended, !matches!(sacrifice.child.try_wait(), Ok(None)));
        // What is stopped goes on by the same call that tells.
        note(Change::Stopped, attack::resume(victim.id()).unwrap_or(false));
        note(Change::Slowed, attack::priority(victim.id()).ok() != victim.priority);
        victim.finish();
        note(Change::Rewritten, victim.told(WRITTEN).is_some_and(|text| text == REWRITTEN));
        note(Change::Typed, victim.told(TYPED).is_some_and(|count| count != "0"));
        Changes(changes)
    }
}

/// What has become of them.
pub(super) struct Changes(Vec<Change>);

impl Changes {
    pub(super) fn include(&self, change: Change) -> bool {
        self.0.contains(&change)
    }
}

impl Victim {
    fn start(scene: &Scene<'_>, name: &str) -> io::Result<Self> {
        let output = scene.root.join("lives").join(name);
        let file = output.with_extension("secret");
        std::fs::write(&file, scene.token("handle-of"))?;
        let mut command = Command::new(&scene.setting.caller.own);
        // The last word is read by whoever reads its arguments.
        command.args([attacker::ARGUMENT, "-", Verb::Victim.word(), &scene.token("arguments-of")]);
        command.current_dir(&scene.root).creation_flags(CREATE_NO_WINDOW);
        let mut child = command.stdin(Stdio::piped()).stdout(File::create(&output)?).stderr(Stdio::null()).spawn()?;
        let stdin = child.stdin.take();
        let mut victim = Self { child, stdin, output, priority: None };
        victim.tell(&format!("{}\n{}\n", scene.token("memory-of"), file.display()))?;
        victim.wait_until_ready()?;
        victim.priority = attack::priority(victim.id()).ok();
        Ok(victim)
    }

    fn tell(&mut self, text: &str) -> io::Result<()> {
        self.stdin.as_mut().map_or(Ok(()), |stdin| stdin.write_all(text.as_bytes()))
    }

    fn wait_until_ready(&mut self) -> io::Result<()> {
        let begin = Instant::now();
        while self.told(READY).is_none() {
            if begin.elapsed() > PATIENCE || self.child.try_wait()?.is_some() {
                return Err(io::Error::other("a process to be attacked does not get ready"));
            }
            std::thread::sleep(INTERVAL);
        }
        Ok(())
    }

    /// Lets it end, and waits for that.
    fn finish(&mut self) {
        self.stdin = None;
        let begin = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) && begin.elapsed() < PATIENCE {
            std::thread::sleep(INTERVAL);
        }
    }

    /// The number of the process.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where its secret is in its memory.
    pub(super) fn memory(&self) -> Option<String> {
        self.told(MEMORY)
    }

    /// Where it looks for what others have written.
    pub(super) fn scratchpad(&self) -> Option<String> {
        self.told(SCRATCHPAD)
    }

    /// The number of a handle to a file with a secret.
    pub(super) fn file(&self) -> Option<String> {
        self.told(FILE)
    }

    fn told(&self, what: &str) -> Option<String> {
        let said = std::fs::read_to_string(&self.output).ok()?;
        said.lines().find_map(|line| line.strip_prefix(what)).map(str::to_owned)
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Handles that the caller has open for everybody whom it starts, and that the command must not get.
pub(super) struct Gifts {
    file: File,
    pipe: File,
    _writer: std::io::PipeWriter,
}

impl Gifts {
    pub(super) fn make(scene: &Scene<'_>) -> io::Result<Self> {
        let path = scene.root.join("lives").join("gift");
        std::fs::write(&path, scene.token("inherited-file"))?;
        let file = File::open(path)?;
        let (reader, mut writer) = io::pipe()?;
        writer.write_all(scene.token("inherited-pipe").as_bytes())?;
        Ok(Self { file: attack::inheritable_copy(&file)?, pipe: attack::inheritable_copy(&reader)?, _writer: writer })
    }

    pub(super) fn file(&self) -> String {
        self.file.as_raw_handle().addr().to_string()
    }

    pub(super) fn pipe(&self) -> String {
        self.pipe.as_raw_handle().addr().to_string()
    }
}
