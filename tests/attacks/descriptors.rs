//! What the caller of the sandbox has open must not be there inside.

use std::net::{IpAddr, Ipv4Addr};

use pinfold_tests::{Attack, Listener};

#[test]
fn an_inherited_file_is_read() {
    Attack::sh(r#"cat <&7 > "$LOOT""#)
        .launcher(r#"exec 7< "$OUTSIDE/secret"; exec "$@""#)
        .steals("elsewhere/secret")
        .is_contained();
}

#[test]
fn an_inherited_file_is_written() {
    Attack::sh(r#"echo stolen >&8"#)
        .launcher(r#"exec 8>> "$OUTSIDE/README"; exec "$@""#)
        .harms("elsewhere/README")
        .is_contained();
}

#[test]
fn an_inherited_directory_is_walked_from() {
    Attack::python(
        r#"
for fd in range(3, 64):
    try:
        secret = os.open("secret", os.O_RDONLY, dir_fd=fd)
        loot(os.read(secret, 4096))
    except OSError:
        pass
"#,
    )
    .launcher(r#"exec 9< "$OUTSIDE"; exec "$@""#)
    .steals("elsewhere/secret")
    .is_contained();
}

#[test]
fn an_inherited_directory_is_entered_through_proc() {
    Attack::sh(r#"cat /proc/self/fd/9/secret /proc/1/fd/9/secret /dev/fd/9/secret > "$LOOT""#)
        .launcher(r#"exec 9< "$OUTSIDE"; exec "$@""#)
        .steals("elsewhere/secret")
        .is_contained();
}

#[test]
fn an_inherited_connection_is_used() {
    Attack::python(
        r#"
for fd in range(3, 64):
    try:
        connection = socket.socket(fileno=fd)
        loot(connection.recv(4096))
    except OSError:
        pass
"#,
    )
    .before(|scene| {
        let listener = Listener::tcp(IpAddr::V4(Ipv4Addr::LOCALHOST), scene.secret()).expect("a local port");
        scene.set_for_caller("SERVICE", listener.port.to_string());
        scene.serve(listener);
    })
    .launcher(r#"exec 5<> "/dev/tcp/127.0.0.1/$SERVICE"; exec "$@""#)
    .robs()
    .is_contained();
}

#[test]
fn an_inherited_descriptor_of_a_high_number_is_used() {
    Attack::python("loot(os.read(900, 4096))")
        .launcher(
            r#"exec /usr/bin/python3 -c 'import os, sys
fd = os.open(os.environ["OUTSIDE"] + "/secret", os.O_RDONLY)
os.dup2(fd, 900, inheritable=True)
os.execv(sys.argv[1], sys.argv[1:])' "$@""#,
        )
        .steals("elsewhere/secret")
        .is_contained();
}

#[test]
fn an_inherited_memory_file_is_read() {
    Attack::python("loot(os.pread(900, 4096, 0))")
        .before(|scene| scene.set_for_caller("HELD", scene.secret()))
        .launcher(
            r#"exec /usr/bin/python3 -c 'import os, sys
fd = os.memfd_create("held", 0)
os.write(fd, os.environ.pop("HELD").encode())
os.dup2(fd, 900, inheritable=True)
os.execv(sys.argv[1], sys.argv[1:])' "$@""#,
        )
        .robs()
        .is_contained();
}

#[test]
fn a_process_descriptor_that_was_inherited_kills() {
    Attack::python(
        r#"
for fd in range(3, 1000):
    try:
        signal.pidfd_send_signal(fd, signal.SIGKILL)
    except OSError:
        pass
"#,
    )
    .before(|scene| {
        scene.victim();
        scene.set_for_caller("TARGET", scene.victim_pid().to_string());
    })
    .launcher(
        r#"exec /usr/bin/python3 -c 'import os, sys
fd = os.pidfd_open(int(os.environ["TARGET"]))
os.dup2(fd, 900, inheritable=True)
os.execv(sys.argv[1], sys.argv[1:])' "$@""#,
    )
    .harm(|scene| (!pinfold_tests::is_alive(scene.victim_pid())).then(|| "a process outside was killed".into()))
    .is_contained();
}

#[test]
fn standard_input_that_is_a_directory_is_walked_from() {
    // Handing a directory on as standard input is the caller's own word for the directory, not for what is above it.
    Attack::sh(r#"cat /proc/self/fd/0/../private/secret > "$LOOT""#)
        .before(|scene| scene.directory("elsewhere/docs"))
        .launcher(r#"exec "$@" < "$OUTSIDE/docs""#)
        .steals("elsewhere/private/secret")
        .is_contained();
}

#[test]
fn the_listener_for_system_calls_is_reached() {
    // Who answers in the supervisor's place decides what the kernel does.
    Attack::python(
        r#"
for process in os.listdir("/proc"):
    try:
        for fd in os.listdir(f"/proc/{process}/fd"):
            if "seccomp notify" in os.readlink(f"/proc/{process}/fd/{fd}"):
                loot(os.environ["MARK"].encode())
    except OSError:
        pass
"#,
    )
    .before(|scene| {
        scene.companion(
            r#"
libc.prctl(38, 1, 0, 0, 0)
code = ctypes.create_string_buffer(b"\6\0\0\0\0\0\xff\x7f", 8)
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]
number = 317 if os.uname().machine == "x86_64" else 277
assert libc.syscall(number, 1, 8, ctypes.byref(Program(1, ctypes.addressof(code)))) >= 0
print('ready', flush=True)
time.sleep(60)
"#,
        );
    })
    .harm(|scene| (!scene.read("home/project/loot").is_empty()).then(|| "it was found".to_owned()))
    .is_contained();
}
