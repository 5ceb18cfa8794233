//! What was refused is told exactly: with the rule, and with what would allow it.

use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::time::Duration;

use pinfold_tests::pinfold;
use serde_json::Value;

use crate::desk::{Desk, Ended, lacks};

const NOTHING: &str = "no file was refused";

fn traced(desk: &Desk, script: &str) -> Ended {
    desk.pinfold(["trace", "--", "/bin/sh", "-c", script]).run()
}

/// What was refused, as `wanted path`, with the desk's home as `~`.
fn refused(desk: &Desk, script: &str) -> Vec<String> {
    let ended = desk.pinfold(["trace", "--json", "--", "/bin/bash", "-c", script]).run();
    let summary = ended.summary();
    let paths = summary["refused-paths"].as_array().unwrap_or_else(|| panic!("{ended}"));
    let home = desk.path("home").display().to_string();
    let told = |refused: &Value| {
        let path = refused["path"].as_str().expect("a path").replace(&home, "~");
        format!("{} {path}", refused["wanted"].as_str().expect("a word"))
    };
    let mut told: Vec<String> = paths.iter().map(told).collect();
    told.sort();
    told
}

/// A socket of the user's that somebody listens at.
fn listening(desk: &Desk, relative: &str) -> UnixListener {
    let path = desk.path(relative);
    let listener = UnixListener::bind(&path).expect("a socket");
    std::os::unix::fs::chown(&path, Some(desk.user.uid), Some(desk.user.gid)).expect("the user's socket");
    listener
}

#[test]
fn a_write_outside_the_workspace_is_told_with_rule_and_hint() {
    let desk = Desk::new();
    desk.make(&desk.path("home/other"));
    traced(&desk, "echo x > ../other/new")
        .ends_with(2)
        .says("refused: write to ~/other/new by `")
        .says("why: the run has a home of its own, and this is not in it")
        .says(&format!("hint: run with --write {}", desk.path("home/other").display()));
    traced(&desk, "echo x > /usr/new")
        .says("refused: write to /usr/new by `")
        .says("why: it is visible, but read-only")
        .says("rule: files.read \"@system\"")
        .says("hint: run with --write /usr/new");
    assert_eq!(
        refused(&desk, "mkdir ../other/d; ln -s x ../other/l; mv README ../other/r"),
        ["write ~/other/d", "write ~/other/l", "write ~/other/r"]
    );
}

#[test]
fn a_sealed_git_setting_is_told_once() {
    let desk = Desk::new();
    let ended = traced(&desk, "git config core.pager evil").says("refused: write to ~/project/.git/config by `git`");
    let ended = ended.says("rule: files.protect \".git/config\"").says("hint: run with --protect '!.git/config'");
    assert!(!ended.stderr.contains("git could not change"), "{ended}");
    assert_eq!(refused(&desk, "mv .git elsewhere"), ["write ~/project/.git"]);
    desk.outside("touch .git/hooks/a .git/hooks/b .git/hooks/c").ok();
    let ended = traced(&desk, "rm .git/hooks/[abc]").says(" and 2 more by `rm`");
    assert_eq!(ended.stderr.matches("refused:").count(), 1, "{ended}");
}

#[test]
fn hidden_files_are_told_by_the_rule_that_hides_them() {
    let desk = Desk::new();
    desk.write("home/project/.env", "KEY=value\n");
    desk.write("home/.ssh/id_ed25519", "a key\n");
    traced(&desk, "cat .env")
        .ends_with(1)
        .says("refused: read ~/project/.env by `cat`")
        .says("rule: files.deny \"**/.env\"")
        .says("hint: run with --deny '!./.env'");
    traced(&desk, "cat ~/.ssh/id_ed25519").says("refused: read ~/.ssh/id_ed25519").says("rule: files.deny \"~/.ssh/\"");
    assert_eq!(refused(&desk, "echo KEY=new > .env; rm .env"), ["write ~/project/.env"]);
}

#[test]
fn files_of_the_real_home_are_missed_where_they_were_opened() {
    let desk = Desk::new();
    desk.write("home/data/table", "1\n");
    traced(&desk, "cat ~/data/table")
        .says("refused: read ~/data/table by `cat`")
        .says("hint: run with --read ~/data/table");
    traced(&desk, "test -e ~/data/table; cat ~/data/table").says("refused: read ~/data/table");
    // To look for a file is no failure, unless one follows.
    traced(&desk, "test -e ~/data/table; true").ends_with(0).says(NOTHING);
    traced(&desk, "ls ~/data").ends_with(2).says("looked for, and not visible inside: ~/data").says("pinfold why read");
    assert_eq!(refused(&desk, "cd ~/data"), ["read ~/data"]);
}

#[test]
fn sockets_are_told() {
    if lacks("python3") {
        return;
    }
    let desk = Desk::new();
    let _listener = listening(&desk, "home/service.sock");
    let program = "import os, socket; socket.socket(socket.AF_UNIX).connect(os.environ['HOME'] + '/service.sock')";
    let ended = desk.pinfold(["trace", "--", "/usr/bin/python3", "-c", program]).run().ends_with(1);
    ended.says("refused: connect to ~/service.sock by `python3").says("hint: run with --read ~/service.sock");
    let [event] = &desk.events(&["--verdict", "refused"])[..] else { panic!("not one event") };
    assert_eq!((event["what"].as_str(), event["operation"].as_str()), (Some("socket"), Some("connect")));
}

#[test]
fn system_calls_are_told_where_something_fails() {
    if lacks("python3") {
        return;
    }
    let desk = Desk::new();
    // The number is that of keyctl(2), which no library wraps, and `unshare` is another one that is refused.
    let number = if cfg!(target_arch = "x86_64") { 250 } else { 219 };
    let program = format!(
        "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n\
         for _ in range(3): assert libc.syscall({number}, 0, 0, 0) == -1 and ctypes.get_errno() == 1\n\
         assert libc.unshare(0x10000000) == -1 and ctypes.get_errno() == 1\n\
         assert libc.syscall(435, 0, 0) == -1 and ctypes.get_errno() == 38\nexit(int(os.environ['CODE']))"
    );
    let trace = |arguments: &[&str], code| {
        let words = ["trace", "--env", code].into_iter().chain(arguments.iter().copied());
        desk.pinfold(words.chain(["--", "/usr/bin/python3", "-c", &program])).run()
    };
    trace(&[], "CODE=3")
        .ends_with(3)
        .says("refused: the system call keyctl by `python3")
        .says("why: the kernel's keyrings hold")
        .says("refused: the system call unshare by `python3")
        .says("hint: `nested-namespaces = true` under [process]");
    let summary = trace(&["--json"], "CODE=3").summary();
    let calls: Vec<_> = summary["refused-calls"].as_array().expect("a list").iter().collect();
    assert_eq!(calls.iter().map(|call| call["name"].as_str()).collect::<Vec<_>>(), [Some("keyctl"), Some("unshare")]);
    assert_eq!((calls[0]["times"].as_u64(), calls[0]["error"].as_str()), (Some(3), Some("EPERM")));
    let events = desk.events(&["--verdict", "refused"]);
    assert_eq!(
        events.iter().map(|event| event["name"].as_str()).collect::<Vec<_>>(),
        [Some("keyctl"), Some("unshare")]
    );
    trace(&[], "CODE=0").ends_with(0).says(NOTHING);
    assert_eq!(desk.events(&["--verdict", "refused"]).len(), 2, "the record has them all the same");
}

#[test]
fn words_in_the_output_and_missing_files_are_no_refusals() {
    let desk = Desk::new();
    desk.write("home/project/closed", "");
    desk.outside("chmod 000 closed").ok();
    for (script, code) in [
        ("echo 'Permission denied, Read-only file system: .git/config' >&2; exit 1", 1),
        ("cat missing", 1),
        ("cat ~/missing /usr/missing /nowhere/at/all", 1),
        ("no-such-program", 127),
        ("test -x closed", 1),
        ("echo x > ~/mine && cat ~/mine && rm ~/mine && mkdir -p /tmp/d && rmdir /tmp/d && exit 4", 4),
        ("kill -TERM $$", 143),
    ] {
        let ended = traced(&desk, script).ends_with(code).says(NOTHING);
        assert_eq!(ended.stderr.matches("pinfold:").count(), 1, "{ended}");
    }
}

#[test]
fn ordinary_work_is_refused_nothing() {
    let desk = Desk::new();
    desk.write("home/.config/git/ignore", "*.o\n");
    desk.write("home/.bashrc", "");
    desk.write("home/.npmrc", "");
    traced(&desk, "git status && git log && echo x >> README && git add . && git commit -m x")
        .ends_with(0)
        .says(NOTHING);
    if !lacks("make") && !lacks("cc") {
        desk.write("home/project/Makefile", "a: a.c\n\tcc -o a a.c\n");
        desk.write("home/project/a.c", "int main(void) { return 0; }\n");
        traced(&desk, "make && ./a && rm a").ends_with(0).says(NOTHING);
        desk.write("home/project/a.c", "int main(void) { return x; }\n");
        traced(&desk, "make").ends_with(2).says(NOTHING);
    }
    if !lacks("python3") {
        traced(&desk, "/usr/bin/python3 -c 'import json, ssl, sqlite3; open(\"x\", \"w\")'").ends_with(0).says(NOTHING);
    }
}

#[test]
fn search_paths_are_no_refusals() {
    let desk = Desk::new();
    desk.script("home/bin/tool", "#!/bin/sh\n");
    desk.script("home/project/tools/tool", "#!/bin/sh\nexit 5\n");
    let path = format!("{}:{}", desk.path("home/bin").display(), desk.path("home/project/tools").display());
    let found = format!("PATH={path} env tool || PATH={path}; tool; exit 1");
    traced(&desk, &found).ends_with(1).says(NOTHING);
    assert_eq!(refused(&desk, "PATH=~/bin exec /usr/bin/env tool"), ["execute ~/bin/tool"]);
}

#[test]
fn paths_mean_what_they_mean_to_the_process() {
    if lacks("python3") {
        return;
    }
    let desk = Desk::new();
    desk.write("home/data/table", "");
    desk.outside("mkdir sub; ln -s ../../data sub/link; ln -s sub/link/table chain; ln -s loop loop").ok();
    let program = r#"
import os, threading
def attempt(call, *words, **more):
    try: call(*words, **more)
    except OSError: pass
which = os.environ["WHICH"]
if which == "relative": os.chdir("sub"); attempt(open, "../../data/table")
if which == "dirfd": attempt(os.open, "../../data/table", os.O_RDONLY, dir_fd=os.open("sub", os.O_RDONLY))
if which == "links": attempt(open, "chain"); attempt(open, "loop")
if which == "thread":
    os.chdir("sub")
    thread = threading.Thread(target=lambda: attempt(open, "link/table"))
    thread.start(); thread.join()
if which == "itself": os.readlink("chain"); os.unlink("chain"); os.symlink("sub/link/table", "chain"); os.lstat("chain")
"#;
    desk.write("home/project/ways.py", program);
    for which in ["relative", "dirfd", "links", "thread"] {
        assert_eq!(
            refused(&desk, &format!("WHICH={which} /usr/bin/python3 ways.py")),
            ["read ~/data/table"],
            "{which}"
        );
    }
    assert!(refused(&desk, "WHICH=itself /usr/bin/python3 ways.py; exit 1").is_empty());
}

#[test]
fn refusals_are_recorded() {
    let desk = Desk::new();
    desk.write("home/project/.env", "");
    traced(&desk, "cat .env").ends_with(1);
    let log = desk.pinfold(["log", "--verdict", "refused", "--json"]).run().ok();
    let event: Value = serde_json::from_str(&log).expect("one event");
    assert_eq!(event["kind"], "refused");
    assert_eq!((event["what"].as_str(), event["operation"].as_str()), (Some("file"), Some("read")));
    assert_eq!(event["name"].as_str(), desk.path("home/project/.env").to_str());
    assert!(event["rule"].as_str().is_some_and(|rule| rule.starts_with("files.deny")), "{event}");
}

#[test]
fn paths_are_told_where_programs_are_not_recorded() {
    let desk = Desk::new();
    desk.write("home/.config/pinfold/policy.toml", "[ledger]\nprograms = false\n");
    desk.write("home/project/.env", "");
    traced(&desk, "cat .env; /bin/true; exit 1").ends_with(1).says("refused: read ~/project/.env by `cat`");
    assert!(desk.events(&["--kind", "exec"]).is_empty());
    assert_eq!(desk.events(&["--verdict", "refused"]).len(), 1);
}

#[test]
fn a_refused_git_setting_is_recorded_once() {
    let desk = Desk::new();
    traced(&desk, "git config core.pager evil").ends_with(4);
    assert_eq!(desk.events(&["--verdict", "refused"]).len(), 1);
}

#[test]
fn the_rule_is_told_with_its_file_and_line() {
    let desk = Desk::new();
    desk.write("home/.config/pinfold/policy.toml", "\n[files]\ndeny = ['drafts/']\n");
    desk.write("home/project/drafts/one", "");
    traced(&desk, "cat drafts/one").says("rule: files.deny \"drafts/\"").says("policy.toml:3");
}

#[test]
fn without_observation_there_is_no_trace() {
    if lacks("python3") {
        return;
    }
    let desk = Desk::new();
    let program = pinfold().to_string_lossy().into_owned();
    let words = ["-c", include_str!("listener.py"), &program, "trace", "--", "touch", "ran"];
    let ended = desk.call("/usr/bin/python3").arguments(words).deadline(Duration::from_secs(20)).run();
    ended.ends_with(125).says("something around it observes them already");
    assert!(!desk.path("home/project/ran").exists());
}

#[test]
fn nothing_that_is_named_is_opened_outside_or_waited_for() {
    if lacks("python3") {
        return;
    }
    let desk = Desk::new();
    desk.write("home/data/table", "");
    desk.write("home/.ssh/id_ed25519", "");
    desk.outside("mkfifo ../data/pipe; ln -s /dev/fd/0 ../data/stdin; ln -s /proc/self/mem ../data/memory").ok();
    // Tells what is opened or read in two directories while a command runs.
    let watcher = r#"
import ctypes, os, subprocess, sys
libc = ctypes.CDLL(None)
fd = libc.inotify_init1(os.O_NONBLOCK)
for name in "data", ".ssh":
    assert libc.inotify_add_watch(fd, f"{os.environ['HOME']}/{name}".encode(), 0x21) >= 0
code = subprocess.run(sys.argv[1:], timeout=30).returncode
try: print(len(os.read(fd, 65536)))
except BlockingIOError: print("nothing")
sys.exit(code)
"#;
    let names = r#"
import ctypes, mmap, os, threading
libc = ctypes.CDLL(None)
home = os.environ["HOME"]
for name in "data/table", ".ssh/id_ed25519", "data/pipe", "data/stdin", "data/memory", "data/stdin/../..":
    for flags in os.O_RDONLY, os.O_RDWR, os.O_WRONLY | os.O_CREAT:
        try: os.close(os.open(f"{home}/{name}", flags | os.O_NONBLOCK))
        except OSError: pass
for address in 0, 1, 2**47 - 1, 2**64 - 1:
    libc.open(ctypes.c_void_p(address), 0)
    libc.connect(3, ctypes.c_void_p(address), 2**31 - 1)
    libc.rename(ctypes.c_void_p(address), b"x")
libc.open(b"x/" * 2**20, 0)
libc.open(b"/" + b"../" * 1300 + b"x", 0)
libc.open(home.encode() + b"/data/" + b"a/b/../" * 500, 0)
# A path that ends at the end of what is mapped, and one that is taken away while it is read.
memory = libc.mmap
memory.restype = ctypes.c_void_p
page = memory(None, 8192, 3, 0x22, -1, 0)
ctypes.memmove(page, home.encode() + b"/data/table" + b"\0", len(home) + 12)
def flip():
    for _ in range(300):
        libc.mprotect(ctypes.c_void_p(page), 4096, 0)
        libc.mprotect(ctypes.c_void_p(page), 4096, 3)
flipping = threading.Thread(target=flip)
flipping.start()
while flipping.is_alive(): libc.open(ctypes.c_void_p(page), 0)
libc.munmap(ctypes.c_void_p(page + 4096), 4096)
ctypes.memset(page, ord("x"), 4096)
libc.open(ctypes.c_void_p(page), 0)
"#;
    desk.write("home/project/watch.py", watcher);
    desk.write("home/project/names.py", names);
    let watched = |command: &[String]| {
        let words = ["watch.py".to_owned()];
        desk.call("/usr/bin/python3").arguments(words.iter().chain(command)).run()
    };
    let bare = ["/usr/bin/python3", "names.py"].map(str::to_owned);
    assert_ne!(watched(&bare).ok(), "nothing", "the control: it opens them");
    let trace = [pinfold().to_string_lossy().into_owned(), "trace".into(), "--".into()];
    let ended = watched(&[trace.as_slice(), &bare].concat());
    assert_eq!(ended.text(), "nothing", "{ended}");
    let ended = ended.ends_with(0).says("refused: read ~/data/table").says("refused: read ~/.ssh/id_ed25519");
    let own: PathBuf = desk.path("home/.local/state");
    assert!(!ended.stderr.contains(&*own.to_string_lossy()) && !ended.stderr.contains("/proc/"), "{ended}");
}
