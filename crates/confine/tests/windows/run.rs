//! The tests, and the command that they start.
#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::fs::File;
use std::io::Read;
use std::os::windows::io::AsHandle;
use std::path::PathBuf;
use std::process::ExitCode;

use pinfold_acl::{Access, Ace, Inherit, Level, Sid};
use pinfold_confine::windows::journal::Lists;
use pinfold_confine::windows::self_check::Mechanism;
use pinfold_confine::windows::{
    Command, ConfineError, Confined, FileLists, Ground, Guard, clean, live_if_asked, probe,
};
use pinfold_plan::Limits;
use pinfold_plan::windows::{
    Desktop, Identity, InterfaceLimit, Job, Mitigation, Network, Plan, Reach, Root, Token, areas, build, edits,
};
use pinfold_policy::{Places, Platform, merge};

/// The first argument of the command.
const COMMAND: &str = "be-the-command";
const ENDS_WITH: u32 = 4711;

type Test = (&'static str, fn(&Scene));

pub(crate) fn main() -> ExitCode {
    if let Some(code) = live_if_asked() {
        return code;
    }
    if std::env::args().nth(1).as_deref() == Some(COMMAND) {
        command();
    }
    let tests: [Test; 6] = [
        ("a_command_runs_only_where_everything_holds", a_command_runs_only_where_everything_holds),
        ("a_plan_for_a_policy_is_what_is_carried_out", a_plan_for_a_policy_is_what_is_carried_out),
        ("a_console_is_not_handed_in", a_console_is_not_handed_in),
        ("a_program_that_is_nowhere_is_not_found", a_program_that_is_nowhere_is_not_found),
        ("what_is_pinned_cannot_be_renamed", what_is_pinned_cannot_be_renamed),
        ("cleaning_up_leaves_the_lists_as_they_were", cleaning_up_leaves_the_lists_as_they_were),
    ];
    for (name, test) in tests {
        test(&Scene::new(name));
        println!("test {name} ... ok");
    }
    // As whoever counts expects it.
    println!("test result: ok. {} passed; 0 failed; 0 ignored", tests.len());
    ExitCode::SUCCESS
}

/// What the command does: it says what it was given, leaves a file and ends with a code.
fn command() -> ! {
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input).expect("its input");
    let arguments: Vec<String> = std::env::args().skip(2).collect();
    println!("{arguments:?} {:?} {input:?}", std::env::var("PINFOLD_TEST"));
    std::fs::write("it-ran", "").expect("its current directory");
    std::process::exit(ENDS_WITH as i32)
}

/// Directories of one test.
struct Scene(PathBuf);

impl Scene {
    fn new(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("pinfold-run-{}-{name}", std::process::id()));
        for directory in ["state", "work/.git/hooks", "work/.git/refs", "work/.git/objects", "user", "home", "temp"] {
            std::fs::create_dir_all(root.join(directory)).unwrap();
        }
        std::fs::write(root.join("work/.git/config"), "").unwrap();
        std::fs::write(root.join("work/.git/HEAD"), "ref: refs/heads/main\n").unwrap();
        std::fs::write(root.join("work/main.rs"), "").unwrap();
        std::fs::write(root.join("work/.git/hooks/pre-commit"), "").unwrap();
        std::fs::hard_link(root.join("work/.git/hooks/pre-commit"), root.join("work/other-name")).unwrap();
        let (real, _) = probe::resolved(root.to_str().unwrap()).unwrap().unwrap();
        Self(PathBuf::from(real))
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn ground(&self) -> Ground {
        Ground::take(&self.0.join("state"), &["work", "home", "temp"].map(|name| self.path(name)), &[]).unwrap()
    }

    /// As `pinfold_plan::windows::build` makes it.
    fn plan(&self, ground: &Ground) -> Plan {
        let machine = probe::look().unwrap();
        let roots = ["work", "home", "temp"].map(|name| {
            let protected = if name == "work" { vec![r".git\hooks".into(), r".git\config".into()] } else { vec![] };
            let path = self.path(name);
            let sid = ground.identifiers[&path].clone();
            Root { path, sid, reach: Reach::Work, kept: vec![], protected, hidden: vec![] }
        });
        let identifiers: Vec<Sid> = roots.iter().map(|root| root.sid.clone()).collect();
        let logon = machine.logon.as_slice();
        let all = |sid| Ace::allow(sid, Access::GENERIC_ALL, Inherit::NOTHING);
        let owners = [&identifiers, logon, std::slice::from_ref(&machine.user)].concat();
        Plan {
            format: Plan::FORMAT,
            identity: Identity::Caller,
            profile: "test".into(),
            workspace: self.path("work"),
            home: self.path("home"),
            private_home: self.path("home"),
            private_temp: self.path("temp"),
            network: Network::Host,
            token: Token {
                write_restricted: true,
                least_privilege: true,
                deny_only: vec![Sid::ADMINISTRATORS],
                restricting: [&identifiers, logon, &[Sid::EVERYONE]].concat(),
                privileges: vec!["SeChangeNotifyPrivilege".into()],
                integrity: Level::LOW,
                default_list: owners.into_iter().map(all).collect(),
            },
            edits: roots.iter().flat_map(|root| edits(root, None, &root.sid)).collect(),
            roots: roots.into(),
            pins: vec![self.path(r"work\.git"), self.path(r"work\.git\config"), self.path(r"work\.git\hooks")],
            job: Job {
                processes: Some(64),
                memory_bytes: Some(4 << 30),
                cpu_time_ms: None,
                interface: InterfaceLimit::ALL.into(),
            },
            desktop: Desktop::Private,
            mitigations: Mitigation::ALL.into(),
            limits: Limits::default(),
            watch: vec![],
            assurance: vec![],
        }
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn environment() -> Vec<(String, String)> {
    let root = std::env::var("SystemRoot").unwrap();
    vec![("SystemRoot".into(), root), ("PINFOLD_TEST".into(), "ü".into())]
}

fn words() -> Vec<String> {
    let program = std::env::current_exe().unwrap().to_str().unwrap().to_owned();
    vec![program, COMMAND.into(), "a b".into(), r#"c"\"#.into(), String::new()]
}

/// A run is watched from more than one thread.
const fn goes_between_threads<T: Send + Sync>() {}
const _: () = goes_between_threads::<Confined>();

/// What the self-check lets pass here; everything else is a fault of ours.
fn holds_nothing(mechanism: Mechanism) -> bool {
    !matches!(mechanism, Mechanism::DefaultList)
}

fn a_command_runs_only_where_everything_holds(scene: &Scene) {
    let ground = scene.ground();
    let plan = scene.plan(&ground);
    let guard = Guard::set(&ground, &plan).unwrap();
    std::fs::write(scene.path("input"), "typed").unwrap();
    let (input, output) = (File::open(scene.path("input")).unwrap(), File::create(scene.path("output")).unwrap());
    let command = Command {
        words: &words(),
        environment: &environment(),
        directory: &scene.path("work"),
        stdio: [Some(input.as_handle()), Some(output.as_handle()), None],
        terminal: None,
    };
    println!("  notes: {:?}", guard.notes);
    let ran = || scene.0.join("work/it-ran").exists();
    match Confined::start(&plan, &guard, &command) {
        Ok(confined) => {
            assert_eq!(confined.wait().unwrap(), ENDS_WITH);
            confined.wait_for_all().unwrap();
            assert!(ran() && confined.used().unwrap().processes_now == 0);
            let said = std::fs::read_to_string(scene.path("output")).unwrap();
            assert_eq!(said.trim(), r#"["a b", "c\"\\", ""] Ok("ü") "typed""#);
            println!("  it ran; not kept: {:?}", confined.unkept);
            assert!(cfg!(feature = "plumbing") || confined.unkept.is_empty());
        }
        Err(ConfineError::NotKept(breaches)) => {
            assert!(!ran(), "it ran all the same");
            println!("  refused, because of {} breaches:", breaches.len());
            breaches.iter().for_each(|breach| println!("    {breach}"));
            assert!(breaches.iter().all(|breach| holds_nothing(breach.mechanism)));
        }
        Err(error) => panic!("{error}: {error:?}"),
    }
    for directory in ["temp", r"state\checks"] {
        let left: Vec<_> =
            std::fs::read_dir(scene.path(directory)).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

fn a_plan_for_a_policy_is_what_is_carried_out(scene: &Scene) {
    let path = |name: &str| PathBuf::from(scene.path(name).replace('\\', "/"));
    let places = Places { platform: Platform::Windows, workspace: path("work"), home: path("user") };
    let policy = merge(&[], &places).unwrap().policy;
    let [home, layers, temp, trust] = ["home", "layers", "temp", "trust"].map(path);
    let stores = probe::Stores { home, layers, temp, trust, own: Vec::new() };
    let sight = probe::look_at(&policy, stores).unwrap();
    let machine = probe::look().unwrap();
    let areas = areas(&policy, &sight.host, &machine).unwrap();
    assert_eq!(areas, ["work", "home", "temp"].map(|name| scene.path(name)));
    let ground = Ground::take(&scene.0.join("state"), &areas, &[]).unwrap();
    let machine = probe::complete(machine, &policy, &sight.host, &areas, &ground).unwrap();
    assert_eq!(machine.linked, [scene.path(r"work\.git\hooks\pre-commit")]);
    let plan = build(&policy, &sight.host, &machine).unwrap();
    let git = [r"work\.git", r"work\.git\config", r"work\.git\hooks"].map(|name| scene.path(name));
    assert!(git.iter().all(|path| plan.pins.contains(path)), "{:?}", plan.pins);
    let guard = Guard::set(&ground, &plan).unwrap();
    let output = File::create(scene.path("output")).unwrap();
    let command = Command {
        words: &words(),
        environment: &environment(),
        directory: &scene.path("work"),
        stdio: [None, Some(output.as_handle()), None],
        terminal: None,
    };
    match Confined::start(&plan, &guard, &command) {
        Ok(confined) => assert_eq!(confined.wait().unwrap(), ENDS_WITH),
        Err(ConfineError::NotKept(_)) => assert!(!scene.0.join("work/it-ran").exists()),
        Err(error) => panic!("{error}: {error:?}"),
    }
}

fn a_console_is_not_handed_in(scene: &Scene) {
    let Ok(console) = File::options().read(true).write(true).open("CONOUT$") else {
        return println!("  skipped, because there is no console here");
    };
    let ground = scene.ground();
    let plan = scene.plan(&ground);
    let guard = Guard::set(&ground, &plan).unwrap();
    let command = Command {
        words: &words(),
        environment: &environment(),
        directory: &scene.path("work"),
        stdio: [None, Some(console.as_handle()), None],
        terminal: None,
    };
    let refused = Confined::start(&plan, &guard, &command).unwrap_err();
    assert!(matches!(refused, ConfineError::Console { number: 1 }), "{refused:?}");
}

fn a_program_that_is_nowhere_is_not_found(scene: &Scene) {
    let ground = scene.ground();
    let plan = scene.plan(&ground);
    let guard = Guard::set(&ground, &plan).unwrap();
    let words = ["pinfold-no-such-program".to_owned()];
    let (environment, directory) = (environment(), scene.path("work"));
    let command =
        Command { words: &words, environment: &environment, directory: &directory, stdio: [None; 3], terminal: None };
    let refused = Confined::start(&plan, &guard, &command).unwrap_err();
    assert!(matches!(refused, ConfineError::NotFound { .. }), "{refused:?}");
}

fn what_is_pinned_cannot_be_renamed(scene: &Scene) {
    let ground = scene.ground();
    let guard = Guard::set(&ground, &scene.plan(&ground)).unwrap();
    let away = |name: &str| std::fs::rename(scene.path(name), scene.path("away"));
    for name in [r"work\.git", r"work\.git\config"] {
        assert!(away(name).is_err(), "{name}");
    }
    drop(guard);
    away(r"work\.git\config").unwrap();
}

fn cleaning_up_leaves_the_lists_as_they_were(scene: &Scene) {
    let read = || ["work", r"work\.git", r"work\.git\config"].map(|name| FileLists.read(&scene.path(name)).unwrap());
    let before = read();
    let ground = scene.ground();
    let guard = Guard::set(&ground, &scene.plan(&ground)).unwrap();
    assert_eq!(clean(&scene.0.join("state"), &[]).unwrap().undone, 0, "a run needs them");
    drop((guard, ground));
    let cleaned = clean(&scene.0.join("state"), &[]).unwrap();
    assert!(cleaned.undone == 6 && cleaned.left.is_empty() && cleaned.gone.is_empty(), "{cleaned:?}");
    assert_eq!(read(), before);
}
