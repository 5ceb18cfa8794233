//! Runs that write to the workspace itself: what they changed is taken back.

use std::time::Duration;

use pinfold_tests::eventually;
use rustix::process::Signal;

use crate::desk::{Desk, Ended, cannot_prepare_hosts, lacks};

/// All that can be compared: kinds, modes, times, numbers of names, attributes and contents, but not what git keeps for itself.
const EVERYTHING: &str = r#"
import hashlib, os, stat
for top, directories, files in os.walk("."):
    directories.sort()
    if top == ".":
        directories.remove(".git")
    for path in [top] + [os.path.join(top, name) for name in sorted(files) + [d for d in directories if os.path.islink(os.path.join(top, d))]]:
        s = os.lstat(path)
        link = stat.S_ISLNK(s.st_mode)
        attributes = [] if link else sorted((name, os.getxattr(path, name)) for name in os.listxattr(path))
        content = os.readlink(path) if link else hashlib.sha256(open(path, "rb").read()).hexdigest() if stat.S_ISREG(s.st_mode) else ""
        links = s.st_nlink if stat.S_ISREG(s.st_mode) else 0
        print(path, oct(s.st_mode), s.st_mtime_ns, links, s.st_size if not stat.S_ISDIR(s.st_mode) else "", attributes, content)
"#;

/// Puts a filter that lets everything through on this process, with a listener that stays open and is told of nothing.
const LISTENED: &str = r#"
import ctypes, platform, struct
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
allow = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0x7fff0000))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", 1, ctypes.addressof(allow)))
call = {"x86_64": 317, "aarch64": 277}[platform.machine()]
listener = libc.syscall(call, 1, 8, program)
assert listener >= 0
__import__("os").set_inheritable(listener, True)
"#;

/// What all these stories begin with.
const TREE: &str = "set -e; mkdir -p src/deep/er empty; for n in 1 2 3 4; do echo $n > src/$n; echo deep $n > src/deep/$n; done
    echo er > src/deep/er/x; ln -s src/1 link; ln -s src dirlink; ln src/4 also; printf a > binary
    python3 -c 'import os; os.setxattr(\"src/3\", \"user.mine\", b\"first\"); os.setxattr(\"src\", \"user.mine\", b\"dir\")'
    chmod 750 src/deep; touch -d '2001-02-03 04:05:06.789' src/2 empty; git add -A; git commit --quiet -m tree";

fn lacks_any(programs: &[&str]) -> bool {
    programs.iter().any(|program| lacks(program))
}

impl Desk {
    fn with_a_tree() -> Self {
        let desk = Self::new();
        desk.outside(TREE).ok();
        desk
    }

    fn kept(&self, script: &str) -> Ended {
        self.inside_with(&["--undo"], script)
    }

    fn is_now(&self) -> String {
        self.call("/usr/bin/python3").arguments(["-c", EVERYTHING]).run().ok()
    }

    fn undo(&self, words: &[&str]) -> Ended {
        self.pinfold(["undo"]).arguments(words).run()
    }

    /// A run, and what the tree is when it is undone.
    fn comes_back(&self, script: &str) {
        let before = self.is_now();
        self.kept(script).ok();
        assert_ne!(self.is_now(), before, "the control: {script}");
        self.undo(&["--lose"]).ok();
        assert_eq!(self.is_now(), before, "{script}");
    }
}

#[test]
fn whatever_a_run_does_to_files_is_taken_back() {
    let desk = Desk::with_a_tree();
    for script in [
        "echo more >> src/1",
        "echo other > src/2",
        "truncate -s 1 src/1; truncate -s 100 binary",
        "python3 -c 'import os; os.truncate(\"src/1\", 0)'",
        "dd if=/dev/zero of=src/1 bs=1 count=1 seek=1 conv=notrunc status=none",
        "rm -rf src",
        "rm -rf * ",
        "mv src other",
        "mv src other; echo changed > other/deep/1; rm other/1; mv other third; mkdir src; echo new > src/1",
        "mv src/1 src/2",
        "mv src/deep/er empty/; mv empty src/; echo x > src/empty/er/x",
        "chmod 600 src/1; chmod 700 src; chmod g+w empty",
        "rm link; ln -s elsewhere link; ln -s x y; rm dirlink",
        "mkdir -p a/b/c; echo new > a/b/c/d; mkfifo a/p; cp -a src a/copy",
        "rm src/1; mkdir src/1; echo x > src/1/x",
        "rm -r src; echo 'a file now' > src",
        "rm -r src; ln -s empty src; echo x > src/1; rm -r empty; ln -s .. empty",
        "touch src/1; touch -d 2010-01-01 src/2 empty",
        "python3 -c 'import os; os.setxattr(\"src/3\", \"user.mine\", b\"other\"); os.setxattr(\"src/2\", \"user.new\", b\"x\"); \
         os.removexattr(\"src\", \"user.mine\")'",
        "python3 -c 'import os; f = os.open(\"src/3\", os.O_RDONLY); os.fchmod(f, 0o600); os.removexattr(f, \"user.mine\"); os.utime(f, (1, 1))'",
        "echo through >> also",
        "rm also; echo alone >> src/4",
        "rm also src/4",
        "ln src/1 another; echo both >> another",
        "mv also elsewhere; echo through > elsewhere",
        "sed -i s/1/one/ src/1 src/deep/1",
        "python3 -c 'f = open(\"src/1\", \"r+\"); f.seek(0); f.write(\"X\")'",
        "exec 3<src/1; echo x > /proc/self/fd/3",
        "cd src && echo x > ../binary && echo y > /proc/self/cwd/1 && echo z > deep/../2",
        "echo through > link",
        "echo through > dirlink/2",
        "chmod 0 src/deep/er src/1; mv src/deep moved; chmod 700 moved/er; echo x > moved/er/x; rm moved/1; chmod 600 src/1",
        "git checkout --quiet -b other; git rm --quiet -r src; git commit --quiet -m gone",
        "(for n in $(seq 50); do echo $n > src/1; mv src/1 src/one; mv src/one src/1; done) & \
         (for n in $(seq 50); do echo $n >> src/2; rm -rf w; mkdir w; echo > w/$n; done) & wait",
    ] {
        desk.comes_back(script);
    }
}

#[test]
fn what_git_did_is_taken_back_and_the_repository_is_whole() {
    let desk = Desk::with_a_tree();
    let state =
        "git rev-parse HEAD; git status --short; git branch --list; git stash list; git fsck --no-dangling 2>&1";
    let (before, was) = (desk.outside(state).ok(), desk.is_now());
    desk.kept(
        "set -e; echo x > src/1; git stash --quiet; echo y > src/2; git commit --quiet -a -m second; git checkout --quiet -b topic
         git rm --quiet -r src; git commit --quiet -m third; git checkout --quiet main; git merge --quiet topic; git tag done
         git gc --quiet --prune=now",
    )
    .ok();
    assert_ne!(desk.outside(state).ok(), before);
    desk.undo(&["--lose"]).ok();
    assert_eq!((desk.outside(state).ok(), desk.is_now()), (before, was));
}

#[test]
fn it_is_said_what_would_be_lost_before_it_is() {
    let desk = Desk::with_a_tree();
    desk.kept("echo x > src/1; echo y > new; git add -A; git commit --quiet -m agent").ok();
    let refused = desk
        .undo(&[])
        .ends_with(125)
        .says("would be lost")
        .says("as before the run: src/1")
        .says("as before the run: new");
    assert!(!refused.stderr.contains(".git/"), "{refused}");
    assert_eq!(desk.outside("cat src/1 new").ok(), "x\ny");
    desk.undo(&["--lose"]).ok();
    desk.undo(&[]).ends_with(125).says("there is nothing to undo");
}

#[test]
fn it_is_recorded_and_not_done_where_it_cannot_be() {
    let desk = Desk::new();
    desk.kept("echo new > README; echo > one").ok();
    let run = desk.events(&["--kind", "start"])[0]["session"].clone();
    let ledger = desk.path("home/.local/state/pinfold/ledger");
    desk.outside(&format!("mv {0} {0}.away; touch {0}", ledger.display())).ok();
    desk.undo(&["--lose"]).ends_with(125).says("cannot be recorded");
    assert_eq!(desk.read("home/project/README"), "new\n");
    desk.outside(&format!("rm {0}; mv {0}.away {0}", ledger.display())).ok();
    desk.undo(&["--lose"]).ok();
    let [event] = &desk.events(&["--kind", "stage"])[..] else { panic!("not one event") };
    assert_eq!((event["act"].as_str(), &event["stage"]), (Some("undo-run"), &run));
    assert_eq!(event["paths"]["count"], 2);
    let told = desk.pinfold(["log", "--kind", "stage"]).run().ok();
    assert!(told.contains("undo-run") && told.contains(": 2 paths"), "{told}");
}

#[test]
fn what_its_user_has_changed_since_is_in_the_way_and_nothing_is_touched() {
    let desk = Desk::with_a_tree();
    desk.kept("echo agent > src/1; echo agent > src/2; mkdir made; echo x > made/x").ok();
    desk.outside("echo mine > src/2; echo mine > made/mine").ok();
    desk.undo(&["--lose"]).ends_with(125).says("src/2").says("something else lies there by now");
    assert_eq!(desk.outside("cat src/1 src/2 made/mine").ok(), "agent\nmine\nmine");
    desk.outside("git checkout --quiet src/2; echo agent > src/2; rm made/mine").ok();
    // Written anew it is another file, even if it says the same.
    desk.undo(&["--lose"]).ends_with(125).says("src/2");
}

#[test]
fn what_others_do_meanwhile_stays() {
    let desk = Desk::with_a_tree();
    let script = "echo agent > src/1; touch ready; while [ ! -e go ]; do sleep 0.05; done; echo agent > src/3";
    let running = desk.pinfold(["run", "--undo", "--", "/bin/bash", "-c", script]).start();
    assert!(eventually(|| desk.workspace().join("ready").exists()));
    desk.outside("echo mine > src/2; echo mine > new; rm -r src/deep; touch go").ok();
    let ended = running.wait().ends_with(0);
    assert!(ended.stderr.contains("src/2"), "{ended}");
    desk.undo(&["--lose"]).ok();
    assert_eq!(desk.outside("cat src/1 src/2 src/3 new; ls src").ok(), "1\nmine\n3\nmine\n1\n2\n3\n4");
    assert!(!desk.workspace().join("ready").exists() && desk.workspace().join("go").exists());
}

#[test]
fn a_file_too_large_to_be_copied_is_named_and_the_rest_comes_back() {
    let desk = Desk::with_a_tree();
    desk.outside("head -c 70M /dev/urandom > large; truncate -s 10G sparse; echo end >> sparse").ok();
    let shares = "cp --reflink=always large shared 2>/dev/null && rm shared && echo yes || { rm -f shared; echo no; }";
    let shares = desk.outside(shares).ok() == "yes";
    desk.kept("mv large renamed; mv renamed large; echo x >> large; rm sparse; echo x > src/1").ends_with(0);
    if shares {
        desk.undo(&["--lose"]).ok();
        assert_eq!(desk.outside("stat -c %s large").ok(), (70 << 20).to_string());
        return;
    }
    desk.undo(&[]).ends_with(125).says("large: it has more than 64 MiB");
    desk.undo(&["--lose"]).says("not undone: large").ends_with(0);
    assert_eq!(
        desk.outside("cat src/1; tail -c 2 large; stat -c %s sparse; tail -c 4 sparse").ok(),
        "1\nx\n10737418244\nend"
    );
}

#[test]
fn a_large_file_that_is_only_renamed_costs_nothing_and_comes_back() {
    let desk = Desk::with_a_tree();
    desk.outside("head -c 70M /dev/urandom > large").ok();
    desk.comes_back("mkdir d; mv large d/larger; chmod 600 d/larger");
}

#[test]
fn where_blocks_are_shared_files_of_any_size_come_back_and_cost_nothing() {
    if cannot_prepare_hosts() || lacks_any(&["mkfs.btrfs", "losetup"]) {
        return;
    }
    let desk = Desk::new();
    let story = desk.on_host(
        r#"set -e; truncate -s 1G $DESK/disk; mkfs.btrfs -q $DESK/disk >/dev/null; mkdir $DESK/shared
        mount -o loop $DESK/disk $DESK/shared; export HOME=$DESK/shared/home; mkdir $HOME $HOME/ws; cd $HOME/ws
        head -c 200M /dev/urandom > large; sha256sum large > ../sum; chown -R --reference=$DESK/home $DESK/shared; sync
        used() { sync; df -k --output=used . | tail -1; }
        before=$(used); $AS_USER pinfold run --undo -- /bin/sh -c 'echo more >> large; echo x > other'; after=$(used)
        sha256sum --status -c ../sum && exit 3
        $AS_USER pinfold undo --lose; sha256sum -c ../sum; test ! -e other; echo $((after - before < 20000))"#,
    );
    assert_eq!(story.ok(), "large: OK\n1");
}

#[test]
fn runs_are_undone_one_after_the_other_and_five_are_kept() {
    let desk = Desk::with_a_tree();
    for run in 1..=7 {
        desk.kept(&format!("echo {run} > src/1")).ok();
    }
    let listed = desk.undo(&["--list"]).ok();
    assert!(listed.lines().count() == 5 && listed.contains("echo "), "{listed}");
    for expected in ["6", "5", "4", "3", "2"] {
        desk.undo(&["--lose"]).ok();
        assert_eq!(desk.outside("cat src/1").ok(), expected);
    }
    desk.undo(&["--lose"]).ends_with(125).says("there is nothing to undo");
}

#[test]
fn a_run_that_changed_nothing_leaves_nothing_and_one_is_discarded_by_name() {
    let desk = Desk::with_a_tree();
    desk.kept("cat README; : >> src/1; rm -f nothing; mkdir d; rmdir d").ok();
    let list = |desk: &Desk| desk.undo(&["--list"]).ok();
    // Only the time of the directory has changed.
    desk.undo(&["--lose"]).ok();
    assert_eq!(list(&desk), "");
    desk.kept("cat README").ok();
    assert_eq!(list(&desk), "");
    desk.kept("echo x > src/1").ok();
    let name = list(&desk).split_whitespace().next().expect("a name").to_owned();
    desk.pinfold(["discard", &name]).run().ok();
    assert_eq!(list(&desk), "");
    desk.undo(&[&name]).ends_with(125).says("nothing is kept of a run");
    assert_eq!(desk.outside("cat src/1").ok(), "x");
}

#[test]
fn what_a_killed_run_has_changed_is_taken_back() {
    let desk = Desk::with_a_tree();
    let before = desk.is_now();
    let script = "echo x > src/1; rm -r src/deep; mv src/2 moved; touch ready; while :; do echo y >> src/3; done";
    let running = desk.pinfold(["run", "--undo", "--", "/bin/bash", "-c", script]).start();
    assert!(eventually(|| desk.workspace().join("ready").exists()));
    running.signal(Signal::KILL);
    running.wait().ends_with(137);
    let rests = "a=$(stat -c %s src/3); sleep 0.2; [ $a = $(stat -c %s src/3) ]";
    assert!(eventually(|| desk.outside(rests).code() == 0));
    desk.undo(&["--lose"]).says("nobody saw the end").ends_with(0);
    assert_eq!(desk.is_now(), before);
}

#[test]
fn undoing_is_whole_whenever_somebody_is_killed() {
    for after_ms in [5, 15, 25, 40, 60, 100] {
        let desk = Desk::with_a_tree();
        desk.outside("for n in $(seq 300); do echo $n > src/many$n; done").ok();
        let before = desk.is_now();
        desk.kept("rm -rf src; mkdir new; echo x > new/x; echo changed > README").ok();
        let left = desk.is_now();
        let running = desk.pinfold(["undo", "--lose"]).start();
        std::thread::sleep(Duration::from_millis(after_ms));
        let _ = rustix::process::kill_process(running.pid(), Signal::KILL);
        running.wait();
        // Whoever comes next finishes it, or finds it as it was.
        desk.undo(&["--list"]).ok();
        let now = desk.is_now();
        assert!(now == before || now == left, "{after_ms} ms: {now}");
        if now == left {
            desk.undo(&["--lose"]).ok();
        }
        assert_eq!(desk.is_now(), before, "{after_ms} ms");
    }
}

#[test]
fn in_a_stage_there_is_nothing_to_undo_before_it_is_taken_over() {
    let desk = Desk::with_a_tree();
    desk.inside_with(&["--undo", "--staged"], "echo x > src/1").ok();
    assert_eq!(desk.undo(&["--list"]).ok(), "");
    desk.pinfold(["apply"]).run().ok();
    desk.undo(&[]).ok();
    assert_eq!(desk.outside("cat src/1").ok(), "1");
}

#[test]
fn a_policy_may_want_it_and_a_trace_goes_with_it() {
    let desk = Desk::with_a_tree();
    desk.write("home/project/pinfold.toml", "[files]\nundo = true\n");
    let before = desk.is_now();
    desk.inside("echo x > src/1").ok();
    desk.undo(&["--lose"]).ok();
    desk.pinfold(["trace", "--", "/bin/bash", "-c", "echo x > src/1; rm src/2; chmod 600 src/3"]).run().ok();
    desk.undo(&["--lose"]).ok();
    assert_eq!(desk.is_now(), before);
}

#[test]
fn where_nothing_tells_of_changes_the_run_does_not_start() {
    let desk = Desk::with_a_tree();
    // A filter with a listener around it, of which the kernel allows one.
    let listened = format!("{LISTENED}\nimport os\nos.execvp('pinfold', ['pinfold'] + __import__('sys').argv[1:])");
    let inner = |flags: &[&str]| {
        let call = desk.call("/usr/bin/python3").arguments(["-c", &listened, "run", "--undo"]);
        call.arguments(flags).arguments(["--", "/bin/echo", "ran"]).run()
    };
    let refused = inner(&[]).ends_with(125).says("can be undone").says("--best-effort");
    assert_eq!(refused.text(), "");
    assert_eq!(inner(&["--best-effort"]).says("not kept").ok(), "ran");
}
