//! Changing what is not content of files that are visible read-only and belong to the same user: modes, times,
//! owners, attributes, locks.

use std::os::unix::fs::PermissionsExt;

use pinfold_tests::{Attack, Scene};

fn on_a_readable_file(program: &str) -> Attack {
    Attack::python(format!("path = E['OUTSIDE'] + '/README'\n{program}")).flags("--read $OUTSIDE")
}

#[test]
fn a_mode_is_changed() {
    on_a_readable_file("os.chmod(path, 0o777)").harms("elsewhere").is_contained();
}

#[test]
fn a_mode_is_changed_through_a_descriptor() {
    on_a_readable_file("os.fchmod(os.open(path, os.O_RDONLY), 0o4755)").harms("elsewhere").is_contained();
}

#[test]
fn a_mode_is_changed_through_proc() {
    on_a_readable_file("os.chmod(f'/proc/self/fd/{os.open(path, os.O_PATH)}', 0o777)")
        .harms("elsewhere")
        .is_contained();
}

#[test]
fn times_are_changed() {
    on_a_readable_file("os.utime(path, (1, 1))").harms("elsewhere").is_contained();
}

#[test]
fn times_are_changed_through_a_descriptor() {
    on_a_readable_file("os.utime(os.open(path, os.O_RDONLY), (1, 1))").harms("elsewhere").is_contained();
}

#[test]
fn an_attribute_is_set() {
    on_a_readable_file("os.setxattr(path, 'user.evil', b'x')").harms("elsewhere").is_contained();
}

#[test]
fn an_attribute_is_set_through_a_descriptor() {
    on_a_readable_file("os.setxattr(os.open(path, os.O_RDONLY), 'user.evil', b'x')").harms("elsewhere").is_contained();
}

#[test]
fn an_attribute_is_removed() {
    on_a_readable_file("os.removexattr(path, 'user.mark')")
        .harms("elsewhere/README")
        .before(|scene| {
            let flags = rustix::fs::XattrFlags::empty();
            rustix::fs::setxattr(scene.path("elsewhere/README"), "user.mark", b"x", flags).expect("an attribute");
        })
        .is_contained();
}

#[test]
fn the_owner_is_set_anew() {
    // To the same owner: allowed to everybody, and it clears the set-user-id bit and moves the time of change.
    on_a_readable_file("os.chown(path, os.getuid(), os.getgid())")
        .harms("elsewhere/README")
        .before(|scene| scene.mode("elsewhere/README", 0o4755))
        .is_contained();
}

#[test]
fn flags_of_the_file_system_are_set() {
    // FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, and FS_NODUMP_FL, which an owner may set.
    on_a_readable_file(
        r#"
fd = os.open(path, os.O_RDONLY)
flags = array.array("l", [0])
fcntl.ioctl(fd, 0x80086601, flags)
flags[0] |= 0x40
fcntl.ioctl(fd, 0x40086602, flags)
"#,
    )
    .harm(|scene| {
        let line = ["/usr/bin/python3".to_owned(), "-c".into(), READ_FLAGS.into()];
        let mut command = scene.command(&line[0]);
        let output = command.args(&line[1..]).output().expect("python3");
        let flags = String::from_utf8_lossy(&output.stdout);
        (flags.trim() == "64").then(|| "the file has a flag it did not have".into())
    })
    .is_contained();
}

const READ_FLAGS: &str = r#"
import array, fcntl, os
flags = array.array("l", [0])
fcntl.ioctl(os.open(os.environ["OUTSIDE"] + "/README", os.O_RDONLY), 0x80086601, flags)
print(flags[0] & 0x40)
"#;

#[test]
fn a_file_is_made_to_grow_by_preallocation() {
    on_a_readable_file("do(libc.fallocate, os.open(path, os.O_RDWR), 0, ctypes.c_long(0), ctypes.c_long(4096))")
        .harms("elsewhere")
        .is_contained();
}

#[test]
fn a_set_user_id_program_is_left_in_the_workspace() {
    // Whoever else can enter the workspace becomes its user by it.
    Attack::sh("cp /bin/sh door; chmod 4755 door")
        .harm(|scene| {
            let mode = scene.path("home/project/door").metadata().ok()?.permissions().mode();
            (mode & 0o4000 != 0).then(|| "a set-user-id program lies in the workspace".into())
        })
        .is_contained();
}

/// Whether a program outside can lock `elsewhere/README` at once.
fn can_be_locked_outside(scene: &Scene, kind: &str) -> bool {
    let program = format!("import fcntl, os\npath = os.environ['OUTSIDE'] + '/README'\n{kind}");
    scene.command("/usr/bin/python3").args(["-c", &program]).output().expect("python3").status.success()
}

/// Holds something for a while; the test looks meanwhile.
fn holds(program: &str, outside: &'static str) -> Attack {
    on_a_readable_file(&format!("{program}\nopen(E['WORKSPACE'] + '/holding', 'w').close()\ntime.sleep(1)"))
        .during(move |scene, running| {
            pinfold_tests::eventually(|| scene.has("home/project/holding") || running.has_ended());
            if scene.has("home/project/holding") && !can_be_locked_outside(scene, outside) {
                scene.write("blocked", "");
            }
        })
        .harm(|scene| scene.has("blocked").then(|| "a program outside could not lock its own file".into()))
}

#[test]
fn a_readable_file_is_locked_against_its_owner() {
    holds(
        "fcntl.flock(os.open(path, os.O_RDONLY), fcntl.LOCK_EX)",
        "fcntl.flock(open(path, 'r+'), fcntl.LOCK_EX | fcntl.LOCK_NB)",
    )
    .is_contained();
}

#[test]
fn a_readable_file_is_record_locked_against_its_owner() {
    holds(
        "fcntl.lockf(os.open(path, os.O_RDONLY), fcntl.LOCK_SH)",
        "fcntl.lockf(open(path, 'r+'), fcntl.LOCK_EX | fcntl.LOCK_NB)",
    )
    .is_contained();
}

#[test]
fn a_lease_keeps_the_owner_from_opening_a_readable_file() {
    holds(
        "signal.signal(signal.SIGIO, signal.SIG_IGN)\nfcntl.fcntl(os.open(path, os.O_RDONLY), fcntl.F_SETLEASE, fcntl.F_RDLCK)",
        "os.open(path, os.O_WRONLY | os.O_NONBLOCK)",
    )
    .is_contained();
}
