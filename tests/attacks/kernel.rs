//! The kernel's own surface: namespaces, mounts, keys, tracing, other call tables.
//!
//! Whether such a call works only its caller can see, so here the attacker leaves a file when, and only when, it did.

use pinfold_tests::{Attack, User, harmless_here, skip};

/// A program that raises an error unless the kernel let it.
fn is_let(program: &str) -> Attack {
    Attack::python(format!("{program}\nloot('it worked')")).boasts()
}

#[test]
fn a_user_namespace_is_made() {
    is_let("do(libc.unshare, 0x10000000)").is_contained();
}

#[test]
fn a_user_namespace_is_made_by_a_tool() {
    Attack::sh(r#"unshare --user --map-root-user id -u > "$LOOT""#).boasts().is_contained();
}

#[test]
fn a_user_namespace_is_made_with_a_process() {
    is_let(
        r#"
pid = call("clone", 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0)
if pid == 0:
    os._exit(0)
os.waitpid(pid, 0)
"#,
    )
    .is_contained();
}

#[test]
fn a_user_namespace_is_made_with_a_process_the_newer_way() {
    is_let(
        r#"
arguments = (ctypes.c_uint64 * 11)()
arguments[0], arguments[4] = 0x10000000, signal.SIGCHLD
pid = call("clone3", ctypes.byref(arguments), 88)
if pid == 0:
    os._exit(0)
os.waitpid(pid, 0)
"#,
    )
    .is_contained();
}

#[test]
fn a_flag_hides_in_the_upper_half_of_an_argument() {
    // A filter that compares only half of what the kernel reads could be passed.
    is_let(
        r#"
pid = call("clone", 1 << 32 | 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0)
if pid == 0:
    os._exit(0)
os.waitpid(pid, 0)
"#,
    )
    .is_contained();
}

#[test]
fn something_is_mounted_over_the_sealed_git_settings() {
    // In namespaces of its own; the trick is to lay a writable file over the read-only one.
    Attack::sh(
        r#"trap_config > mine
        unshare --user --map-root-user --mount sh -c 'mount --bind mine .git/config && cp .git/config "$LOOT"'"#,
    )
    .boasts()
    .is_contained();
}

#[test]
fn a_read_only_place_is_mounted_writable() {
    Attack::sh(
        r#"unshare --user --map-root-user --mount sh -c '
        mount -o remount,bind,rw "$OUTSIDE"; mount --bind "$OUTSIDE" "$OUTSIDE"; echo stolen > "$OUTSIDE/README"'"#,
    )
    .flags("--read $OUTSIDE")
    .harms("elsewhere")
    .is_contained();
}

#[test]
fn a_memory_file_system_is_mounted() {
    Attack::sh(r#"unshare --user --map-root-user --mount sh -c 'mount -t tmpfs x /mnt && echo mounted > "$LOOT"'"#)
        .boasts()
        .is_contained();
}

#[test]
fn the_newer_mount_calls_are_made() {
    is_let("do(libc.unshare, 0x10020000)\nfd = call('fsopen', b'tmpfs', 0)\ncall('open_tree', -100, b'/', 0x8001)")
        .is_contained();
}

#[test]
fn the_newer_mount_calls_are_made_without_a_namespace() {
    // Opening a tree without cloning it wants no privilege.
    is_let("call('open_tree', -100, b'/usr', 0)").is_contained();
}

#[test]
fn another_root_is_taken() {
    Attack::sh(r#"unshare --user --map-root-user --root=/usr /bin/true && echo entered > "$LOOT""#)
        .boasts()
        .is_contained();
}

#[test]
fn the_namespace_of_another_process_is_entered() {
    // The victim has a user namespace of its own, which its owner may enter.
    Attack::sh(r#"for p in $VICTIM 1; do nsenter --user=/proc/$p/ns/user --preserve-credentials true && echo entered > "$LOOT"; done"#)
        .before(|scene| {
            let pid = scene.companion("do(libc.unshare, 0x10000000)\nprint('ready', flush=True)\ntime.sleep(60)");
            scene.set("VICTIM", pid.to_string());
        })
        .boasts()
        .is_contained();
}

#[test]
fn a_sandbox_is_made_inside_with_less_around_it() {
    // A second sandbox may only take away: it must not be a way to a fresh /proc, /sys or the host's files.
    Attack::sh(
        r#"unshare --user --map-root-user --mount --pid --fork --mount-proc sh -c 'cat "$OUTSIDE/secret" > "$LOOT"'"#,
    )
    .steals("elsewhere/secret")
    .is_contained();
}

#[test]
fn calls_are_made_through_io_uring() {
    if setting("/proc/sys/kernel/io_uring_disabled").is_some_and(|value| value != "0") {
        return harmless_here("this host has switched io_uring off");
    }
    is_let("call('io_uring_setup', 4, ctypes.byref((ctypes.c_uint32 * 30)()))").is_contained();
}

#[test]
fn the_processor_is_watched() {
    if setting("/proc/sys/kernel/perf_event_paranoid").and_then(|value| value.parse::<i32>().ok()).is_none_or(|v| v > 2)
    {
        return harmless_here("this host lets nobody watch the processor");
    }
    // PERF_COUNT_SW_TASK_CLOCK of the program itself, without the kernel.
    is_let(
        r#"
event = (ctypes.c_uint8 * 128)()
struct.pack_into("IIQQQQQ", event, 0, 1, 128, 1, 0, 0, 0, 1 << 5 | 1 << 6)
call("perf_event_open", ctypes.byref(event), 0, -1, -1, 0)
"#,
    )
    .is_contained();
}

#[test]
fn the_kernel_is_stopped_at_a_page() {
    // UFFD_USER_MODE_ONLY, which everybody may have.
    is_let("call('userfaultfd', 1)").is_contained();
}

#[test]
fn a_key_is_added_to_the_kernel() {
    is_let("call('add_key', b'user', b'pinfold-attack', b'x', 1, -2)").is_contained();
}

#[test]
fn a_session_keyring_is_joined() {
    is_let("call('keyctl', 1, b'pinfold-attack')").is_contained();
}

#[test]
fn a_key_is_asked_for_from_outside() {
    // request_key(2) starts a program of the host, as root, when the key is missing.
    is_let(
        r#"
call("add_key", b"user", b"pinfold-attack-request", b"x", 1, -2)
call("request_key", b"user", b"pinfold-attack-request", None, 0)
"#,
    )
    .is_contained();
}

#[test]
fn whole_file_systems_are_watched() {
    // FAN_CLASS_NOTIF with FAN_REPORT_FID needs no privilege.
    is_let("call('fanotify_init', 0x200, 0)").is_contained();
}

#[test]
fn an_execution_domain_of_another_system_is_taken() {
    // READ_IMPLIES_EXEC makes all data executable.
    is_let("do(libc.personality, 0x0400000)").is_contained();
}

#[test]
fn the_segments_of_old_programs_are_changed() {
    if !cfg!(target_arch = "x86_64") {
        return harmless_here("only x86 has them");
    }
    is_let("assert libc.syscall(154, 0, ctypes.create_string_buffer(64), 64) >= 0").is_contained();
}

/// A C program that leaves `$LOOT` when its system call table of 32-bit programs answers.
const CALLS_OF_32_BIT: &str = r#"
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
int main(void) {
    long result;
    /* getpid(2) is call 20 there; on the 64-bit table 20 is writev(2). */
    __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "r8", "r9", "r10", "r11", "memory");
    if (result != getpid()) return 1;
    int file = open(getenv("LOOT"), O_WRONLY | O_CREAT, 0644);
    return write(file, "called", 6) != 6;
}
"#;

#[test]
fn a_system_call_is_made_through_the_32_bit_table() {
    if !cfg!(target_arch = "x86_64") {
        return harmless_here("only x86 has that table");
    }
    if !std::path::Path::new("/usr/bin/gcc").exists() {
        return skip("there is no C compiler");
    }
    Attack::sh("./old-table").before(|scene| compile(scene, "old-table", CALLS_OF_32_BIT)).boasts().is_contained();
}

fn compile(scene: &pinfold_tests::Scene, name: &str, source: &str) {
    scene.write(format!("home/project/{name}.c"), source);
    let mut command = scene.command("/usr/bin/gcc");
    command.args(["-o", name, &format!("{name}.c")]).current_dir(scene.path("home/project"));
    assert!(command.status().is_ok_and(|status| status.success()), "gcc");
}

#[test]
fn a_set_user_id_program_gives_another_identity() {
    if !User::test_is_root() {
        return skip("only root can make a set-user-id program of root's");
    }
    if User::attacker().is_root() {
        return harmless_here("the attacker is root already");
    }
    Attack::sh(r#""$OUTSIDE/id" -u > seen; grep -qx 0 seen && mv seen "$LOOT""#)
        .before(|scene| {
            let program = scene.path("elsewhere/id");
            std::fs::copy("/usr/bin/id", &program).expect("a copy of id");
            scene.mode("elsewhere/id", 0o4755);
        })
        .flags("--read $OUTSIDE")
        .boasts()
        .is_contained();
}

#[test]
fn a_set_user_id_program_of_the_workspace_gives_another_identity() {
    if !User::test_is_root() {
        return skip("only root can make a set-user-id program of root's");
    }
    if User::attacker().is_root() {
        return harmless_here("the attacker is root already");
    }
    Attack::sh(r#"./id -u > seen; grep -qx 0 seen && mv seen "$LOOT""#)
        .before(|scene| {
            std::fs::copy("/usr/bin/id", scene.path("home/project/id")).expect("a copy of id");
            scene.mode("home/project/id", 0o4755);
        })
        .boasts()
        .is_contained();
}

#[test]
fn a_crash_leaves_a_core_file() {
    let pattern = setting("/proc/sys/kernel/core_pattern").unwrap_or_default();
    if pattern.starts_with('|') || pattern.contains('/') {
        return harmless_here("this host hands core files to a program");
    }
    Attack::sh("ulimit -S -c hard; mkdir crash; cd crash; sh -c 'kill -SEGV $$'; true")
        .launcher(r#"ulimit -c unlimited || exit 99; exec "$@""#)
        .harm(|scene| {
            let files = std::fs::read_dir(scene.path("home/project/crash")).into_iter().flatten().count();
            (files > 0).then(|| "a core file was written".into())
        })
        .is_contained();
}

#[test]
fn the_name_of_the_machine_is_changed_in_a_namespace_of_ones_own() {
    Attack::sh(r#"unshare --user --map-root-user --uts sh -c 'hostname evil && echo changed > "$LOOT"'"#)
        .boasts()
        .is_contained();
}

#[test]
fn the_first_process_is_traced() {
    // In the control the shell that started the attack stands for it.
    is_let(
        r#"
for process in {1, os.getppid()}:
    if libc.ptrace(0x4206, process, 0, 0) == 0:
        break
else:
    raise SystemExit("nobody to trace")
"#,
    )
    .launcher(
        r#"exec /usr/bin/python3 -c 'import ctypes, os, subprocess, sys
ctypes.CDLL(None).prctl(0x59616d61, ctypes.c_ulong(0xffffffffffffffff), 0, 0, 0)
sys.exit(subprocess.call(sys.argv[1:]))' "$@""#,
    )
    .is_contained();
}

#[test]
fn descriptors_of_the_first_process_are_fetched() {
    is_let(
        r#"
for process in {1, os.getppid()}:
    descriptor = attempt(call, "pidfd_open", process, 0)
    for number in range(32):
        if descriptor is not None and attempt(call, "pidfd_getfd", descriptor, number, 0) is not None:
            loot("fetched")
            raise SystemExit
raise SystemExit("nothing to fetch")
"#,
    )
    .launcher(
        r#"exec /usr/bin/python3 -c 'import ctypes, os, subprocess, sys
ctypes.CDLL(None).prctl(0x59616d61, ctypes.c_ulong(0xffffffffffffffff), 0, 0, 0)
sys.exit(subprocess.call(sys.argv[1:]))' "$@""#,
    )
    .is_contained();
}

fn setting(path: &str) -> Option<String> {
    std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned())
}
