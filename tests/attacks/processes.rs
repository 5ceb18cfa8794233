//! Other processes of the same user: killing, stopping, tracing, slowing, outliving.

use std::time::Duration;

use pinfold_tests::{Attack, Runner, Scene, eventually, is_alive, marked, stat_field, status_field, within};
use rustix::process::Signal;

/// Does something to an innocent process outside.
fn on_a_victim(program: &str) -> Attack {
    Attack::python(format!("victim = int(E['VICTIM'])\n{program}")).before(pinfold_tests::Scene::victim)
}

fn victim_is_dead(scene: &Scene) -> Option<String> {
    std::thread::sleep(Duration::from_millis(50));
    (!is_alive(scene.victim_pid())).then(|| "a process outside is dead".into())
}

#[test]
fn a_process_outside_is_killed() {
    on_a_victim("os.kill(victim, signal.SIGKILL)").harm(victim_is_dead).is_contained();
}

#[test]
fn a_process_outside_is_killed_by_its_thread() {
    on_a_victim("do(libc.syscall, 200 if platform.machine() == 'x86_64' else 130, victim, 9)")
        .harm(victim_is_dead)
        .is_contained();
}

#[test]
fn a_process_outside_is_killed_through_a_descriptor() {
    on_a_victim("signal.pidfd_send_signal(os.pidfd_open(victim), signal.SIGKILL)").harm(victim_is_dead).is_contained();
}

#[test]
fn a_process_outside_is_killed_by_its_group() {
    on_a_victim("os.killpg(victim, signal.SIGKILL)")
        .before(|scene| {
            let pid = scene.companion("os.setpgid(0, 0)\nprint('ready', flush=True)\ntime.sleep(60)");
            scene.set("VICTIM", pid.to_string());
        })
        .harm(victim_is_dead)
        .is_contained();
}

#[test]
fn every_process_that_can_be_reached_is_killed() {
    // The control does it in a process table of its own, with a victim of its own.
    Attack::python("signal.signal(signal.SIGTERM, signal.SIG_IGN)\nos.kill(-1, signal.SIGKILL)")
        .before(|scene| {
            scene.victim();
            scene.set_for_caller("DIED", scene.path("elsewhere/died"));
        })
        .control_launcher(
            r#"exec unshare --user --map-root-user --pid --fork --kill-child --mount-proc bash -c 'sleep 30 & bystander=$!
            "$@"; sleep 0.1; kill -0 $bystander 2>/dev/null || : > "$DIED"; kill $bystander 2>/dev/null' inner "$@""#,
        )
        .harm(|scene| scene.has("elsewhere/died").then(|| "a bystander died".into()))
        .harm(victim_is_dead)
        .is_contained();
}

#[test]
fn a_process_outside_is_stopped() {
    on_a_victim("os.kill(victim, signal.SIGSTOP)")
        .harm(|scene| {
            std::thread::sleep(Duration::from_millis(50));
            let stopped = status_field(scene.victim_pid(), "State").is_some_and(|state| state.starts_with('T'));
            stopped.then(|| "a process outside is stopped".into())
        })
        .is_contained();
}

#[test]
fn the_supervisor_is_killed() {
    // The parent of everything inside. In the control it is the shell that started the attack.
    Attack::python("attempt(os.kill, os.getppid(), signal.SIGKILL)\nattempt(os.kill, 1, signal.SIGKILL)\nattempt(os.kill, 0, signal.SIGCONT)\ntime.sleep(0.2)")
        .launcher(r#"bash -c '"$@"; : > "$OUTSIDE/survived"' launcher "$@""#)
        .harm(|scene| (!scene.has("elsewhere/survived")).then(|| "the supervisor did not live to say so".into()))
        .is_contained();
}

#[test]
fn a_process_outside_is_traced() {
    on_a_victim("do(libc.ptrace, 0x4206, victim, 0, 0)\ntime.sleep(0.4)")
        .before(victim_that_may_be_traced)
        .during(|scene, running| {
            let traced = || status_field(scene.victim_pid(), "TracerPid").is_some_and(|tracer| tracer != "0");
            eventually(|| running.has_ended() || traced());
            if traced() {
                scene.write("traced", "");
            }
        })
        .harm(|scene| scene.has("traced").then(|| "a process outside was traced".into()))
        .is_contained();
}

/// Where only descendants may be traced (Yama), the victim allows everybody.
fn victim_that_may_be_traced(scene: &Scene) {
    let pid = scene.companion(
        "libc.prctl(0x59616d61, ctypes.c_ulong(0xffffffffffffffff), 0, 0, 0)\nprint('ready', flush=True)\ntime.sleep(60)",
    );
    scene.set("VICTIM", pid.to_string());
}

#[test]
fn the_memory_of_a_process_outside_is_changed() {
    Attack::python(
        r#"
class Piece(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
buffer = ctypes.create_string_buffer(b"x")
mine, theirs = Piece(ctypes.addressof(buffer), 1), Piece(int(E["COMPANION_SAYS"]), 1)
attempt(do, libc.process_vm_writev, int(E["VICTIM"]), ctypes.byref(mine), 1, ctypes.byref(theirs), 1, 0)
def through_proc():
    with open(f"/proc/{E['VICTIM']}/mem", "r+b", buffering=0) as memory:
        memory.seek(int(E["COMPANION_SAYS"]))
        memory.write(b"x")
attempt(through_proc)
time.sleep(0.2)
"#,
    )
    .before(|scene| {
        let program = "libc.prctl(0x59616d61, ctypes.c_ulong(0xffffffffffffffff), 0, 0, 0)
held = ctypes.create_string_buffer(b'a')
print('ready', ctypes.addressof(held), flush=True)
while held.value == b'a':
    time.sleep(0.02)
open(E['OUTSIDE'] + '/changed', 'w').close()";
        let pid = scene.companion(program);
        scene.set("VICTIM", pid.to_string());
    })
    .plants("elsewhere/changed")
    .is_contained();
}

#[test]
fn the_limits_of_a_process_outside_are_changed() {
    on_a_victim("resource.prlimit(victim, resource.RLIMIT_NOFILE, (7, 7))")
        .harm(|scene| {
            let limits = std::fs::read_to_string(format!("/proc/{}/limits", scene.victim_pid())).unwrap_or_default();
            let files = limits.lines().find(|line| line.starts_with("Max open files"))?.to_owned();
            files.split_whitespace().any(|word| word == "7").then_some(files)
        })
        .is_contained();
}

#[test]
fn a_process_outside_is_bound_to_one_processor() {
    if std::thread::available_parallelism().is_ok_and(|processors| processors.get() < 2) {
        return pinfold_tests::skip("there is only one processor");
    }
    on_a_victim("os.sched_setaffinity(victim, {0})")
        .harm(|scene| {
            let allowed = status_field(scene.victim_pid(), "Cpus_allowed_list")?;
            (allowed == "0").then(|| "a process outside may use one processor only".into())
        })
        .is_contained();
}

#[test]
fn a_process_outside_is_made_slow() {
    on_a_victim("os.setpriority(os.PRIO_PROCESS, victim, 19)").harm(victim_is_nice).is_contained();
}

#[test]
fn a_group_of_processes_outside_is_made_slow() {
    on_a_victim("os.setpriority(os.PRIO_PGRP, int(E['COMPANION_SAYS']), 19)")
        .before(|scene| {
            let pid = scene.companion("os.setpgid(0, 0)\nprint('ready', os.getpid(), flush=True)\ntime.sleep(60)");
            scene.set("VICTIM", pid.to_string());
        })
        .harm(victim_is_nice)
        .is_contained();
}

fn victim_is_nice(scene: &Scene) -> Option<String> {
    (stat_field(scene.victim_pid(), 19).as_deref() == Some("19")).then(|| "a process outside is slow".into())
}

#[test]
fn a_process_outside_gets_another_scheduler() {
    on_a_victim("os.sched_setscheduler(victim, os.SCHED_IDLE, os.sched_param(0))")
        .harm(|scene| {
            (stat_field(scene.victim_pid(), 41).as_deref() == Some("5")).then(|| "a process outside idles".into())
        })
        .is_contained();
}

#[test]
fn the_disk_priority_of_a_process_outside_is_changed() {
    // Idle class. Read back by a program outside, since /proc does not show it.
    on_a_victim("call('ioprio_set', 1, victim, 3 << 13)")
        .harm(|scene| {
            let number = if cfg!(target_arch = "x86_64") { 252 } else { 31 };
            let program =
                format!("import ctypes\nprint(ctypes.CDLL(None).syscall({number}, 1, {}))", scene.victim_pid());
            let output = scene.command("/usr/bin/python3").args(["-c", &program]).output().expect("python3");
            let class = String::from_utf8_lossy(&output.stdout).trim().parse::<i32>().ok()? >> 13;
            (class == 3).then(|| "a process outside waits for the disk".into())
        })
        .is_contained();
}

#[test]
fn a_process_outside_is_first_in_line_when_memory_runs_out() {
    Attack::sh(r#"echo 1000 > "/proc/$VICTIM/oom_score_adj""#)
        .before(pinfold_tests::Scene::victim)
        .harm(|scene| {
            let path = format!("/proc/{}/oom_score_adj", scene.victim_pid());
            let score = std::fs::read_to_string(path).unwrap_or_default();
            (score.trim() == "1000").then(|| "a process outside is marked".into())
        })
        .is_contained();
}

#[test]
fn processes_outside_are_listed() {
    Attack::sh(r#"ls -d "/proc/$VICTIM" && echo found > "$LOOT""#)
        .before(pinfold_tests::Scene::victim)
        .boasts()
        .is_contained();
}

// ---- outliving the run ----

/// Starts something with the mark in its arguments; harm is when it lives on after the run.
fn outlives(script: &str) -> Attack {
    Attack::sh(script).harm(lives_on)
}

fn lives_on(scene: &Scene) -> Option<String> {
    live_on(scene, &format!("{}-daemon", scene.mark()))
}

/// Whether marked processes are still there; what the sandbox has killed may take a moment to go.
pub(crate) fn live_on(scene: &Scene, mark: &str) -> Option<String> {
    let patience = Duration::from_secs(if scene.runner() == Runner::Sandbox { 20 } else { 0 });
    let mut left = Vec::new();
    within(patience, || {
        left = marked(mark);
        left.is_empty()
    });
    (!left.is_empty()).then(|| format!("{left:?} live on"))
}

const LOOP: &str = "trap : HUP INT TERM QUIT; while :; do sleep 0.1; done";

#[test]
fn a_job_in_the_background_outlives_the_run() {
    outlives(&format!(r#"sh -c '{LOOP}' "$MARK-daemon" & sleep 0.1"#)).is_contained();
}

#[test]
fn a_daemon_in_a_session_of_its_own_outlives_the_run() {
    outlives(&format!(r#"setsid nohup sh -c '{LOOP}' "$MARK-daemon" > /dev/null 2>&1 & sleep 0.1"#)).is_contained();
}

#[test]
fn a_daemon_that_was_forked_twice_outlives_the_run() {
    Attack::python(
        r#"
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in range(3):
            os.close(number)
        os.execv("/bin/sh", ["sh", "-c", "trap : HUP INT TERM; while :; do sleep 0.1; done", E["MARK"] + "-daemon"])
    os._exit(0)
os.wait()
time.sleep(0.1)
"#,
    )
    .harm(lives_on)
    .is_contained();
}

/// The run is going on and its daemon lives; then the supervisor (in the control: the attack) gets a signal.
fn outlives_a(signal: Signal) -> Attack {
    outlives(&format!(
        r#"setsid sh -c '{LOOP}' "$MARK-daemon" > /dev/null 2>&1 & trap : HUP; while :; do sleep 0.1; done"#
    ))
    .during(move |scene, running| {
        let mark = format!("{}-daemon", scene.mark());
        eventually(|| marked(&mark).into_iter().any(catches_termination));
        running.signal(signal);
    })
}

/// Whether a process has set its traps (proc_pid_status(5)): until then, the signal meant for others would end it.
fn catches_termination(pid: u32) -> bool {
    let caught = status_field(pid, "SigCgt").and_then(|caught| u64::from_str_radix(&caught, 16).ok());
    caught.is_some_and(|caught| caught & 1 << (Signal::TERM.as_raw() - 1) != 0)
}

#[test]
fn a_daemon_outlives_the_supervisor_that_is_killed() {
    outlives_a(Signal::KILL).is_contained();
}

#[test]
fn a_daemon_outlives_the_supervisor_that_is_told_to_end() {
    outlives_a(Signal::TERM).is_contained();
}

#[test]
fn a_daemon_outlives_the_supervisor_that_is_interrupted() {
    outlives_a(Signal::INT).is_contained();
}

#[test]
fn the_command_itself_outlives_the_supervisor_that_is_killed() {
    // In the control a shell stands for the supervisor.
    Attack::sh(format!(r#"exec sh -c '{LOOP}' "$MARK-daemon""#))
        .control_launcher(r#""$@"; exit $?"#)
        .during(|scene, running| {
            let mark = format!("{}-daemon", scene.mark());
            eventually(|| !marked(&mark).is_empty());
            running.signal(Signal::KILL);
        })
        .harm(lives_on)
        .is_contained();
}
