//! The terminal that the user sits at: nothing typed for him, nothing read over his shoulder, no mode left behind.

use std::time::Duration;

use pinfold_tests::{Attack, TypedTerminal, eventually, harmless_here};

/// Pushes letters into the input of every terminal it has (TIOCSTI).
const TYPES: &str = r#"
def push(fd):
    for letter in b"evil\n":
        fcntl.ioctl(fd, 0x5412, bytes([letter]))
for fd in (0, 1, 2):
    attempt(push, fd)
attempt(lambda: push(os.open("/dev/tty", os.O_RDWR)))
"#;

/// Starts on the terminal as its controlling one.
const IN_THE_TERMINAL: &str = r#"exec setsid --ctty --wait "$@""#;

fn can_type() -> bool {
    let setting = std::fs::read_to_string("/proc/sys/dev/tty/legacy_tiocsti").unwrap_or_else(|_| "1".into());
    setting.trim() == "1"
}

fn types(program: &str, stdin: bool, stdout: bool, stderr: bool) -> Attack {
    Attack::python(program)
        .before(|scene| scene.sit_at(TypedTerminal::open()))
        .launcher(IN_THE_TERMINAL)
        .terminal(stdin, stdout, stderr)
        .harm(|scene| {
            let typed = scene.terminal().waiting_input();
            typed.contains("evil").then(|| format!("{typed:?} was typed for the user"))
        })
}

#[test]
fn a_command_is_typed_into_the_terminal() {
    if !can_type() {
        return harmless_here("this kernel lets nobody type for others");
    }
    types(TYPES, true, true, true).is_contained();
}

#[test]
fn a_command_is_typed_into_a_terminal_that_is_only_the_input() {
    if !can_type() {
        return harmless_here("this kernel lets nobody type for others");
    }
    types(TYPES, true, false, false).is_contained();
}

#[test]
fn a_command_is_typed_with_the_upper_half_of_the_request_set() {
    // The kernel reads 32 bits of the request; a filter that compares 64 would let this pass.
    if !can_type() {
        return harmless_here("this kernel lets nobody type for others");
    }
    let program = r#"
for fd in (0, 1, 2):
    for letter in b"evil\n":
        libc.syscall(ctypes.c_long(16 if platform.machine() == "x86_64" else 29), ctypes.c_long(fd),
                     ctypes.c_ulong(0x5412 | 1 << 32), ctypes.byref(ctypes.c_char(letter)))
"#;
    types(program, true, false, true).is_contained();
}

#[test]
fn a_command_is_pasted_from_the_selection() {
    // TIOCLINUX works on the console only; the control shows what TIOCSTI does at the same place.
    if !can_type() {
        return harmless_here("this kernel lets nobody type for others");
    }
    let program = format!("attempt(lambda: fcntl.ioctl(0, 0x541C, bytes([3])))\n{TYPES}");
    types(&program, true, true, false).is_contained();
}

#[test]
fn what_is_typed_for_others_is_read_from_the_errors() {
    // Standard errors of most programs is the terminal, open for reading as well.
    Attack::python("os.set_blocking(2, False)\nopen('listening', 'w').close()\nstop = time.time() + 1\nwhile time.time() < stop:\n    try:\n        loot(os.read(2, 4096))\n    except OSError:\n        time.sleep(0.02)")
        .before(|scene| scene.sit_at(TypedTerminal::open()))
        .terminal(false, false, true)
        .during(|scene, running| {
            eventually(|| scene.has("home/project/listening") || running.has_ended());
            scene.terminal().type_in(&format!("{}\n", scene.secret()));
        })
        .robs()
        .is_contained();
}

#[test]
fn the_modes_of_the_terminal_stay_changed() {
    Attack::python(
        r#"
import termios, tty
for fd in (0, 1, 2):
    attempt(tty.setraw, fd)
"#,
    )
    .before(|scene| {
        let terminal = TypedTerminal::open();
        scene.write("modes", terminal.modes());
        scene.sit_at(terminal);
    })
    .launcher(IN_THE_TERMINAL)
    .terminal(true, true, true)
    .harm(|scene| (scene.terminal().modes() != scene.read("modes")).then(|| "the terminal is in another mode".into()))
    .is_contained();
}

#[test]
fn the_modes_of_the_terminal_stay_changed_when_the_supervisor_is_told_to_end() {
    Attack::python(
        r#"
import termios, tty
for fd in (0, 1, 2):
    attempt(tty.setraw, fd)
open("changed", "w").close()
time.sleep(5)
"#,
    )
    .before(|scene| {
        let terminal = TypedTerminal::open();
        scene.write("modes", terminal.modes());
        scene.sit_at(terminal);
    })
    .terminal(true, true, true)
    .during(|scene, running| {
        eventually(|| scene.has("home/project/changed") || running.has_ended());
        std::thread::sleep(Duration::from_millis(50));
        running.signal(rustix::process::Signal::TERM);
    })
    .harm(|scene| (scene.terminal().modes() != scene.read("modes")).then(|| "the terminal is in another mode".into()))
    .is_contained();
}
