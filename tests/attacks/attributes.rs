//! Changing what is not content of files that are visible read-only and belong to the same user: modes, times,
//! owners, attributes, locks.

use std::os::unix::fs::PermissionsExt;

use pinfold_tests::Attack;

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
