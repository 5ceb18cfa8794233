//! What a run executes is recorded, and judged here from outside: by the files themselves.

use std::time::Duration;

use pinfold_tests::{eventually, marked};
use rustix::process::Signal;
use serde_json::Value;

use crate::desk::{Desk, lacks};

/// Runs a script and gives the record of it, with the run's own summary.
fn record(desk: &Desk, script: &str) -> (Vec<Value>, Value) {
    let ended = desk.pinfold(["run", "--json", "--", "/bin/sh", "-c", script]).run().ends_with(0);
    (lines(desk), ended.summary()["programs"].clone())
}

/// What the ledger has of programs of the last run.
fn lines(desk: &Desk) -> Vec<Value> {
    desk.events(&["--kind", "exec"])
}

/// Those whose file has this name.
fn named<'a>(record: &'a [Value], name: &str) -> Vec<&'a Value> {
    let is_it = |line: &&Value| line["executable"].as_str().is_some_and(|path| path.rsplit('/').next() == Some(name));
    record.iter().filter(is_it).collect()
}

fn one<'a>(record: &'a [Value], name: &str) -> &'a Value {
    let found = named(record, name);
    assert_eq!(found.len(), 1, "{name} in {record:#?}");
    found[0]
}

#[test]
fn every_program_of_a_build_is_recorded_with_its_file() {
    if lacks("make") {
        return;
    }
    let desk = Desk::new();
    desk.write("home/project/Makefile", "all:\n\t@cd sub && ../tool 'one two' ''\n\t@env true\n");
    desk.make(&desk.path("home/project/sub"));
    desk.script("home/project/tool", "#!/bin/sh\nexec /bin/sleep 0\n");
    let (record, summary) = record(&desk, "make; :");

    let tool = one(&record, "tool");
    assert_eq!(tool["argv"], serde_json::json!(["../tool", "one two", ""]));
    assert_eq!((&tool["argv-cut"], tool["cwd"].as_str()), (&Value::Null, desk.path("home/project/sub").to_str()));
    assert_eq!(tool["executable"].as_str(), desk.path("home/project/tool").to_str());
    let make = one(&record, "make");
    assert_eq!(make["argv"], serde_json::json!(["make"]));
    let shells: Vec<_> = record.iter().filter(|line| line["argv"][0] == "/bin/sh").collect();
    assert!(shells.iter().any(|shell| shell["parent"] == make["pid"]), "{record:#?}");
    // A process that becomes one program after the other.
    assert_eq!(one(&record, "sleep")["pid"], tool["pid"]);
    assert_eq!(one(&record, "env")["pid"], one(&record, "true")["pid"]);

    let paths: Vec<_> = record.iter().map(|line| line["executable"].as_str().expect("a path").to_owned()).collect();
    let sums = desk.outside(&format!("sha256sum {}", paths.join(" "))).ok();
    let sums: Vec<&str> = sums.lines().map(|line| line.split(' ').next().expect("a digest")).collect();
    let recorded: Vec<&str> = record.iter().map(|line| line["sha256"].as_str().expect("a digest")).collect();
    assert_eq!(recorded, sums);
    assert_eq!((summary["recorded"].as_u64(), summary["dropped"].as_u64()), (Some(record.len() as u64), Some(0)));
}

#[test]
fn the_command_itself_is_the_first_of_the_record() {
    let desk = Desk::new();
    let (record, _) = record(&desk, "exit 0");
    assert_eq!(record.len(), 1, "{record:#?}");
    assert_eq!(record[0]["argv"], serde_json::json!(["/bin/sh", "-c", "exit 0"]));
    assert_eq!(record[0]["cwd"].as_str(), desk.workspace().to_str());
    assert!(record[0]["sha256"].is_string());
}

#[test]
fn a_file_that_was_changed_is_another_one() {
    let desk = Desk::new();
    let (record, _) = record(
        &desk,
        "cp /bin/true own; ./own; printf x >> own; ./own; sleep 0.3; ./own; sleep 3; rm own; cp /bin/echo own; ./own; rm own",
    );
    let digests: Vec<_> = named(&record, "own").iter().map(|line| line["sha256"].clone()).collect();
    // Some may have been changed before they were read, and are without a digest then; never with a wrong one.
    let sums = desk.outside("sha256sum < /bin/true; (cat /bin/true; printf x) | sha256sum; sha256sum < /bin/echo").ok();
    let sums: Vec<&str> = sums.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(digests.len(), 4);
    for (digest, sum) in digests.iter().zip([sums[0], sums[1], sums[1], sums[2]]) {
        assert!(digest.is_null() || digest == sum, "{digests:?} {sums:?}");
    }
    assert_eq!(digests[2], sums[1]);
}

/// A mapping changes a file without any time that tells: what one run has seen of a file that it could write says nothing
/// to the next.
#[test]
fn a_digest_cannot_be_planted_for_another_run() {
    if lacks("python3") {
        return;
    }
    let desk = Desk::new();
    desk.script("home/project/victim", "#!/bin/sh\necho AAAA\n");
    let plant = "import mmap, os, subprocess, time
file = os.open('victim', os.O_RDWR)
pages = mmap.mmap(file, 0)
for attempt in range(150):
    pages[15:19] = b'AAAA'
    time.sleep(0.3)
    try: subprocess.run(['./victim'])
    except OSError: pass
    time.sleep(0.3)
    before = os.fstat(file).st_ctime_ns
    pages[15:19] = b'BBBB'
    # Where the page was written out meanwhile, this changes the time.
    if os.fstat(file).st_ctime_ns == before: break
else: raise SystemExit('the time always changes')";
    desk.pinfold(["run", "--", "/usr/bin/python3", "-c", plant]).run().ok();
    assert_eq!(desk.read("home/project/victim"), "#!/bin/sh\necho BBBB\n");
    let (record, _) = record(&desk, "./victim");
    let sum = desk.outside("sha256sum < victim").ok();
    assert_eq!(one(&record, "victim")["sha256"].as_str(), sum.split(' ').next());
}

#[test]
fn what_is_not_there_is_not_executed() {
    let desk = Desk::new();
    desk.write("home/project/data", "not a program\n");
    let (record, summary) = record(&desk, "./missing; ./data; ./; PATH=/nowhere:/bin env true; :");
    let names: Vec<_> = record.iter().filter_map(|line| line["executable"].as_str()?.rsplit('/').next()).collect();
    assert!(!names.contains(&"missing") && !names.contains(&"data"), "{names:?}");
    assert!(summary["missing"].as_u64().is_some_and(|missing| missing > 0), "{summary}");
}

#[test]
fn unusual_ways_to_start_a_program_are_seen() {
    if lacks("python3") {
        return;
    }
    let desk = Desk::new();
    let program = r#"
import ctypes, os, threading
libc = ctypes.CDLL(None, use_errno=True)
def child(body):
    pid = os.fork()
    if pid == 0:
        try:
            body()
        finally:
            os._exit(9)
    assert os.waitpid(pid, 0)[1] == 0
def in_memory():
    fd = os.memfd_create("program", 0)
    os.write(fd, open("/bin/true", "rb").read())
    os.execve(fd, ["in memory"], {})
def from_a_directory():
    fd = os.open("/bin", os.O_PATH)
    arguments = (ctypes.c_char_p * 2)(b"from a directory", None)
    libc.syscall(322, fd, b"true", arguments, None, 0)
def from_a_thread():
    thread = threading.Thread(target=lambda: os.execv("/bin/true", ["from a thread"]))
    thread.start()
    thread.join()
def itself():
    os.execv("/proc/self/exe", ["itself", "-c", ""])
for way in [in_memory, from_a_directory, from_a_thread, itself]:
    child(way)
os.posix_spawn("/bin/true", ["by vfork"], {})
os.wait()
"#;
    desk.write("home/project/ways.py", program);
    let (record, _) = record(&desk, "/usr/bin/python3 ways.py");
    let of = |name: &str| record.iter().find(|line| line["argv"][0] == name);
    let real = desk.outside("readlink -f /bin/true; readlink -f /usr/bin/python3; sha256sum < /bin/true").ok();
    let real: Vec<&str> = real.lines().map(|line| line.split(' ').next().unwrap_or_default()).collect();
    for name in ["in memory", "from a directory", "from a thread", "by vfork"] {
        // On other processors the call has another number.
        if name == "from a directory" && cfg!(not(target_arch = "x86_64")) {
            continue;
        }
        let line = of(name).unwrap_or_else(|| panic!("{name} in {record:#?}"));
        assert_eq!(line["sha256"], real[2], "{line}");
        if name != "in memory" {
            assert_eq!(line["executable"], real[0], "{line}");
        }
    }
    assert_eq!(of("itself").expect("itself")["executable"], real[1]);
    let python = record.iter().find(|line| line["argv"][1] == "ways.py").expect("python");
    assert_eq!(of("from a thread").expect("a thread")["parent"], python["pid"]);
}

#[test]
fn storms_lose_nothing_without_counting_it() {
    let desk = Desk::new();
    let script = "i=0; while [ $i -lt 200 ]; do /bin/true & /bin/true & /bin/true; i=$((i+1)); done; wait";
    let (record, summary) = record(&desk, script);
    let count = |name: &str| summary[name].as_u64().expect("a count");
    assert_eq!(count("recorded"), record.len() as u64);
    assert_eq!(count("recorded") + count("dropped"), 601, "{summary}");
}

#[test]
fn enormous_arguments_are_cut_and_said_to_be() {
    if lacks("python3") {
        return;
    }
    let desk = Desk::new();
    let program = r#"
import os, subprocess
subprocess.run(["/bin/true", "x" * 100000])
subprocess.run(["/bin/true"] + ["word"] * 30000)
subprocess.run(["/bin/true"] + [""] * 30000)
"#;
    desk.write("home/project/much.py", program);
    let (record, _) = record(&desk, "/usr/bin/python3 much.py");
    let many = named(&record, "true");
    assert_eq!(many.len(), 3, "{}", record.len());
    for line in many {
        assert_eq!(line["argv-cut"], true);
        assert!(line["argv"].as_array().expect("words").len() <= 512);
        assert!(line.to_string().len() < 40_000);
    }
}

#[test]
fn a_program_that_changes_its_mind_keeps_nobody_waiting() {
    if lacks("python3") {
        return;
    }
    let desk = Desk::new();
    let program = r#"
import ctypes, os, signal, threading, time
libc = ctypes.CDLL(None)
path = ctypes.create_string_buffer(b"/bin/true\0\0\0\0", 16)
arguments = (ctypes.c_char_p * 2)(b"racer", None)
def flip():
    while True:
        path[0:10] = b"/bin/echo\0"
        path[0:10] = b"/bin/true\0"
for _ in range(20):
    pid = os.fork()
    if pid == 0:
        threading.Thread(target=flip, daemon=True).start()
        libc.execve(path, arguments, None)
        os._exit(9)
    os.kill(pid, signal.SIGSTOP)
    time.sleep(0.002)
    os.kill(pid, signal.SIGCONT)
    os.waitpid(pid, 0)
for _ in range(20):
    pid = os.fork()
    if pid == 0:
        os.execv("/bin/true", ["killed"])
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
# Nothing is there.
for address in [1, 2**47 - 1, 2**64 - 1]:
    libc.execve(ctypes.c_void_p(address), arguments, None)
    libc.execve(b"/bin/true", ctypes.c_void_p(address), None)
"#;
    desk.write("home/project/race.py", program);
    let (record, summary) = record(&desk, "/usr/bin/python3 race.py");
    assert!(record.iter().any(|line| line["argv"][0] == "racer"), "{summary}");
}

#[test]
fn the_record_follows_no_link_out() {
    let desk = Desk::new();
    desk.script("home/.ssh/program", "#!/bin/sh\nexit 0\n");
    let outside = desk.path("home/.ssh/program");
    desk.outside(&format!("ln -s {0} link; ln -s /proc/self/root{0} way", outside.display()));
    let sum = desk.outside(&format!("sha256sum < {}", outside.display())).ok();
    let script = "./link; ./way; /proc/self/root/$HOME/.ssh/program; ../../../../../../../../$HOME/.ssh/program; :";
    let (record, _) = record(&desk, script);
    let sum = sum.split(' ').next().expect("a digest");
    assert!(record.iter().all(|line| !line.to_string().contains(sum)), "{record:#?}");
}

#[test]
fn debuggers_see_programs_start() {
    if lacks("strace") || lacks("gdb") {
        return;
    }
    let desk = Desk::new();
    let script = "strace -f -e trace=execve -o trace sh -c '/bin/true; :' && grep -q /bin/true trace && \
                  gdb -batch -ex 'catch exec' -ex run -ex continue --args sh -c 'exec /bin/true' 2>&1 | grep -q 'exec.d'";
    let (record, _) = record(&desk, script);
    assert_eq!(named(&record, "true").len(), 2, "{record:#?}");
}

#[test]
fn a_killed_supervisor_leaves_nothing_that_waits() {
    let desk = Desk::new();
    let mark = format!("mark-{}", desk.path("").display());
    let script = "touch begun; while :; do /bin/true; done";
    let running = desk.pinfold(["run", "--", "/bin/sh", "-c", script, &mark]).start();
    assert!(eventually(|| desk.path("home/project/begun").exists()), "it never began");
    running.signal(Signal::KILL);
    assert!(eventually(|| marked(&mark).is_empty()), "{:?} live on", marked(&mark));
    running.wait();
}

#[test]
fn what_cannot_be_recorded_is_said() {
    if lacks("python3") {
        return;
    }
    let desk = Desk::new();
    // Somebody outside listens already, as a container or another sandbox may.
    let words =
        ["-c", include_str!("listener.py"), &pinfold_tests::pinfold().to_string_lossy(), "run"].map(str::to_owned);
    let ended = desk.call("/usr/bin/python3").arguments(words).arguments(["--", "sh", "-c", "/bin/true && echo ran"]);
    let ended = ended.deadline(Duration::from_secs(20)).run();
    assert_eq!(ended.ok(), "ran");
    assert!(lines(&desk).is_empty());
    let notes = desk.pinfold(["log", "last", "--kind", "note"]).run().ok();
    assert!(notes.contains("programs are not recorded"), "{notes}");
}

#[test]
fn no_way_to_a_program_keeps_it_out_of_the_record() {
    let desk = Desk::new();
    desk.write("home/project/hidden", "#!/bin/sh\necho \"ran $1\"\n");
    let script = r#"chmod +x hidden; ln -s /proc/self/cwd/hidden lnk; exec 3<hidden
        /proc/self/cwd/hidden one; ./lnk two; /dev/fd/3 three; /proc/thread-self/cwd/hidden four; nowhere five; :"#;
    let (record, _) = record(&desk, script);
    for word in ["one", "two", "three", "four"] {
        let told =
            record.iter().any(|line| line["argv"].as_array().is_some_and(|argv| argv.iter().any(|it| it == word)));
        assert!(told, "{word}: {record:#?}");
    }
    assert!(record.iter().all(|line| line["argv"][0] != "nowhere"), "{record:#?}");
}

#[test]
fn large_files_do_not_keep_others_out_of_the_record() {
    let desk = Desk::new();
    let script =
        "i=0; while [ $i -lt 40 ]; do truncate -s 250M big$i; chmod +x big$i; ./big$i; i=$((i+1)); done 2>/dev/null
        /bin/echo last; rm big*";
    let (record, summary) = record(&desk, script);
    assert!(record.iter().any(|line| line["argv"][0] == "/bin/echo"), "{}", record.len());
    assert_eq!(summary["dropped"], 0);
}
