//! An attack: something to try, and how to see from outside that it did harm.

use std::fmt;
use std::time::Duration;

use crate::guard::Likeness;
use crate::processes::within;
use crate::runner::{Ended, Runner, Running};
use crate::scene::Scene;

/// How long the harm of an attack that nothing contains may take to be seen after its end.
const UNDER_WAY: Duration = Duration::from_secs(10);

/// What was tried, and what to call harm.
pub struct Attack {
    body: Body,
    before: Vec<Step>,
    during: Option<Meanwhile>,
    after: Vec<Step>,
    guarded: Vec<String>,
    judges: Vec<Judge>,
    flags: Vec<String>,
    launcher: Option<String>,
    control_launcher: Option<String>,
    terminal: [bool; 3],
    leaves_no_mark: bool,
    may_be_refused: bool,
}

type Step = Box<dyn Fn(&Scene)>;
type Meanwhile = Box<dyn Fn(&Scene, &mut Running)>;
type Judge = Box<dyn Fn(&Scene) -> Option<String>>;

enum Body {
    Shell(String),
    Python(String),
}

/// What came of an attack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It succeeded without the sandbox and failed with it.
    Contained,
    /// It succeeded inside; what it did.
    Escaped(String),
    /// It failed even without the sandbox, so it proves nothing.
    ControlFailed(String),
    /// Inside it never began, so it proves nothing.
    NotTried(String),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Contained => write!(f, "the attack was contained"),
            Self::Escaped(what) => write!(f, "the attack SUCCEEDED inside: {what}"),
            Self::ControlFailed(what) => write!(f, "the attack fails even outside, so this proves nothing: {what}"),
            Self::NotTried(what) => write!(f, "the attack did not begin inside, so this proves nothing: {what}"),
        }
    }
}

impl Attack {
    /// A shell script. It finds `$WORKSPACE`, `$OTHER`, `$OUTSIDE`, `$LOOT`, `$TRAP` and what the scene sets.
    pub fn sh(script: impl Into<String>) -> Self {
        Self::new(Body::Shell(script.into()))
    }

    /// A Python program, with `call`, `do`, `attempt`, `loot` and `steal` of the tests' prelude.
    pub fn python(program: impl Into<String>) -> Self {
        Self::new(Body::Python(program.into()))
    }

    fn new(body: Body) -> Self {
        Self {
            body,
            before: Vec::new(),
            during: None,
            after: Vec::new(),
            guarded: Vec::new(),
            judges: Vec::new(),
            flags: Vec::new(),
            launcher: None,
            control_launcher: None,
            terminal: [false; 3],
            leaves_no_mark: false,
            may_be_refused: false,
        }
    }

    // ---- what the attack finds ----

    /// Prepares the scene.
    pub fn before(mut self, step: impl Fn(&Scene) + 'static) -> Self {
        self.before.push(Box::new(step));
        self
    }

    /// Flags of `pinfold run`, as one line; `$NAME` as for the attacker.
    pub fn flags(mut self, flags: &str) -> Self {
        self.flags.push(flags.into());
        self
    }

    /// A shell script that calls the sandbox (or, in the control, the attack) as `"$@"`.
    pub fn launcher(mut self, script: &str) -> Self {
        self.launcher = Some(script.into());
        self
    }

    /// The same for the control alone, which it keeps from doing real harm.
    pub fn control_launcher(mut self, script: &str) -> Self {
        self.control_launcher = Some(script.into());
        self
    }

    /// Whether standard input, output and errors are the scene's terminal.
    pub fn terminal(mut self, stdin: bool, stdout: bool, stderr: bool) -> Self {
        self.terminal = [stdin, stdout, stderr];
        self
    }

    /// The workspace is read-only, so nothing shows that the attack began, except that pinfold does not say otherwise.
    pub fn leaves_no_mark(mut self) -> Self {
        self.leaves_no_mark = true;
        self
    }

    /// The sandbox may refuse to start instead.
    pub fn may_be_refused(mut self) -> Self {
        self.may_be_refused = true;
        self
    }

    /// Happens while the attack runs, after it has begun.
    pub fn during(mut self, step: impl Fn(&Scene, &mut Running) + 'static) -> Self {
        self.during = Some(Box::new(step));
        self
    }

    /// Happens outside when the attack has ended, before it is judged.
    pub fn after(mut self, step: impl Fn(&Scene) + 'static) -> Self {
        self.after.push(Box::new(step));
        self
    }

    // ---- what harm is ----

    /// Harm: anything about a path, or below it, is other than it was. A missing path becomes a file.
    pub fn harms(mut self, path: &str) -> Self {
        let file = path.to_owned();
        self.guarded.push(path.into());
        self.before(move |scene| {
            if !scene.has(&file) {
                scene.write(&file, "as it was\n");
            }
        })
    }

    /// Harm: a path is there that was not.
    pub fn plants(mut self, path: &str) -> Self {
        self.guarded.push(path.into());
        self
    }

    /// Harm: what this file holds reaches `$LOOT`.
    pub fn steals(self, path: &str) -> Self {
        let file = path.to_owned();
        self.before(move |scene| scene.write(&file, format!("{}\n", scene.secret()))).robs()
    }

    /// Harm: the scene's secret reaches `$LOOT`.
    pub fn robs(self) -> Self {
        self.harm(|scene| scene.was_robbed().then(|| "the secret was brought into the workspace".into()))
    }

    /// Harm: a service of the scene is called.
    pub fn calls_a_service(self) -> Self {
        self.harm(|scene| (scene.calls() > 0).then(|| "a service of the host was reached".into()))
    }

    /// Harm: a program that was left behind is executed outside, in the user's ordinary work with git in `directory`.
    pub fn springs_in(self, directory: &str) -> Self {
        let directory = directory.to_owned();
        self.after(move |scene| scene.everyday_git(&directory)).springs()
    }

    /// Harm: a program that was left behind is executed outside.
    pub fn springs(self) -> Self {
        self.harm(|scene| scene.trap_went_off().then(|| "a planted program ran outside".into()))
    }

    /// Harm: a file in the workspace that only success writes. For what nobody but the attacker can see.
    pub fn boasts(self) -> Self {
        self.harm(|scene| {
            let said = scene.read("home/project/loot");
            (!said.is_empty()).then(|| format!("it brought home {said:?}"))
        })
    }

    /// Harm: whatever this sees, in words.
    pub fn harm(mut self, judge: impl Fn(&Scene) -> Option<String> + 'static) -> Self {
        self.judges.push(Box::new(judge));
        self
    }

    // ---- trying it ----

    /// Tries the attack outside and inside. Fails unless it works outside and does not inside.
    #[track_caller]
    pub fn is_contained(&self) {
        let verdict = self.verdict(Runner::sandbox());
        assert_eq!(verdict, Verdict::Contained, "{verdict}");
    }

    /// What comes of the attack when `runner` stands in for the sandbox.
    pub fn verdict(&self, runner: Runner) -> Verdict {
        // Where nothing stands in, the trial is its own control.
        if runner == Runner::Sandbox {
            let control = self.run(Runner::Bare);
            if control.harm.is_none() {
                return Verdict::ControlFailed(control.said);
            }
        }
        let trial = self.run(runner);
        match trial.harm {
            Some(harm) => Verdict::Escaped(format!("{harm}\n{}", trial.said)),
            None if !trial.began => Verdict::NotTried(trial.said),
            None => Verdict::Contained,
        }
    }

    fn run(&self, runner: Runner) -> Trial {
        let scene = Scene::new(runner);
        for step in &self.before {
            step(&scene);
        }
        let before: Vec<Likeness> = self.guarded.iter().map(|path| Likeness::of(&scene.path(path))).collect();
        let line = match &self.body {
            Body::Shell(script) => scene.sh(script),
            Body::Python(program) => scene.python(program),
        };
        let launcher = match runner {
            Runner::Bare => self.control_launcher.as_ref().or(self.launcher.as_ref()),
            Runner::Sandbox => self.launcher.as_ref(),
        };
        let mut running = scene.launch(&line, &self.flags, launcher.map(String::as_str), self.terminal);
        if let Some(during) = &self.during {
            crate::eventually(|| scene.has("home/project/ran") || running.has_ended());
            during(&scene, &mut running);
        }
        let ended = running.wait();
        let refused = ended.code() == Some(125);
        let began = scene.has("home/project/ran") || if refused { self.may_be_refused } else { self.leaves_no_mark };
        for step in &self.after {
            step(&scene);
        }
        // What was sent or killed just before the end may still be under way.
        let patience = if runner == Runner::Bare { UNDER_WAY } else { Duration::ZERO };
        let mut harm = Vec::new();
        within(patience, || {
            harm = self.harm_done(&scene, &before);
            !harm.is_empty()
        });
        Trial { harm: (!harm.is_empty()).then(|| harm.join("; ")), began, said: told(&ended) }
    }

    fn harm_done(&self, scene: &Scene, before: &[Likeness]) -> Vec<String> {
        let guarded = self.guarded.iter().zip(before);
        let changed = guarded.filter_map(|(path, before)| before.difference(&Likeness::of(&scene.path(path))));
        changed.chain(self.judges.iter().filter_map(|judge| judge(scene))).collect()
    }
}

impl fmt::Debug for Attack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attack").field("flags", &self.flags).finish_non_exhaustive()
    }
}

/// What became of one run.
struct Trial {
    harm: Option<String>,
    began: bool,
    said: String,
}

/// The end of a run in words, for the developer who looks into it; nothing is judged by it.
fn told(ended: &Ended) -> String {
    let ending = ended.status.map_or_else(|| "killed at the deadline".to_owned(), |status| status.to_string());
    let tail =
        |text: &str| text.lines().rev().take(12).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n");
    format!("{ending}\nstdout: {}\nstderr: {}", tail(&ended.stdout), tail(&ended.stderr))
}
