//! What only root can try. Runs when the attacks run as root (`PINFOLD_TEST_AS=root`), against targets of the test's
//! own.

use std::os::unix::fs::PermissionsExt;

use pinfold_tests::{Attack, Scene, User, harmless_here};

/// Whether there is nothing to try.
fn is_ordinary() -> bool {
    let ordinary = !User::attacker().is_root();
    if ordinary {
        harmless_here("the attacker is an ordinary user; PINFOLD_TEST_AS=root tries this");
    }
    ordinary
}

/// Root of a network, IPC and host name space of its own, for controls.
const IN_NAMESPACES: &str = r#"exec unshare --net --ipc --uts --mount "$@""#;

/// Somebody else's file that only he may read.
fn private_file_of_another(scene: &Scene) {
    let path = scene.path("elsewhere/private");
    std::fs::write(&path, scene.secret()).expect("a file");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("its mode");
    std::os::unix::fs::chown(&path, Some(65_533), Some(65_533)).expect("its owner");
}

#[test]
fn the_password_hashes_are_read() {
    if is_ordinary() {
        return;
    }
    // Judged by whether anything was brought home at all; the hashes stay in the scene, which goes.
    Attack::sh(r#"cat /etc/shadow /etc/gshadow /etc/shadow- > "$LOOT""#)
        .harm(|scene| {
            let known = std::fs::read_to_string("/etc/shadow").unwrap_or_default();
            let brought = scene.read("home/project/loot");
            let same = known.lines().any(|line| line.len() > 8 && brought.contains(line));
            same.then(|| "lines of /etc/shadow were brought home".into())
        })
        .is_contained();
}

#[test]
fn the_private_file_of_another_user_is_read() {
    if is_ordinary() {
        return;
    }
    Attack::sh(r#"cat "$OUTSIDE/private" > "$LOOT""#)
        .before(private_file_of_another)
        .flags("--read $OUTSIDE")
        .robs()
        .is_contained();
}

#[test]
fn the_private_file_of_another_user_in_the_workspace_is_read() {
    if is_ordinary() {
        return;
    }
    Attack::sh(r#"cat private > "$LOOT""#)
        .before(|scene| {
            private_file_of_another(scene);
            let path = scene.path("home/project/private");
            std::fs::rename(scene.path("elsewhere/private"), path).expect("the file in the workspace");
        })
        .robs()
        .is_contained();
}

#[test]
fn a_file_is_given_to_another_user() {
    if is_ordinary() {
        return;
    }
    Attack::sh("chown 65533:65533 README").harms("home/project/README").is_contained();
}

#[test]
fn a_set_user_id_program_of_roots_is_left_in_the_workspace() {
    if is_ordinary() {
        return;
    }
    // Whoever else can enter the workspace becomes root by it.
    Attack::sh("cp /bin/sh door; chown 0:0 door; chmod 4755 door")
        .harm(|scene| {
            use std::os::unix::fs::MetadataExt;
            let metadata = scene.path("home/project/door").metadata().ok()?;
            (metadata.uid() == 0 && metadata.mode() & 0o4000 != 0).then(|| "a set-user-id program of root's".into())
        })
        .is_contained();
}

#[test]
fn a_device_is_made() {
    if is_ordinary() {
        return;
    }
    // The null device under another name: harmless, and as much a device as a disk.
    Attack::sh("mknod device c 1 3; mknod block b 7 200; true")
        .plants("home/project/device")
        .plants("home/project/block")
        .is_contained();
}

#[test]
fn a_device_is_made_with_its_type_in_the_upper_half() {
    if is_ordinary() {
        return;
    }
    Attack::python("call('mknodat', -100, b'device', (1 << 40) | 0o20666, 1 << 8 | 3)")
        .plants("home/project/device")
        .is_contained();
}

#[test]
fn a_setting_of_the_kernel_is_changed() {
    if is_ordinary() {
        return;
    }
    // Of an IPC namespace of the control's own.
    Attack::sh(
        r#"echo 31 > /proc/sys/kernel/msgmni; [ "$(cat /proc/sys/kernel/msgmni)" = 31 ] && echo changed > "$LOOT""#,
    )
    .control_launcher(IN_NAMESPACES)
    .boasts()
    .is_contained();
}

#[test]
fn a_setting_of_the_network_is_changed() {
    if is_ordinary() {
        return;
    }
    Attack::sh(r#"echo 1 > /proc/sys/net/ipv4/ip_forward && echo changed > "$LOOT""#)
        .control_launcher(IN_NAMESPACES)
        .boasts()
        .is_contained();
}

#[test]
fn the_name_of_the_machine_is_changed() {
    if is_ordinary() {
        return;
    }
    Attack::sh(r#"hostname evil && echo changed > "$LOOT""#).control_launcher(IN_NAMESPACES).boasts().is_contained();
}

#[test]
fn something_is_mounted() {
    if is_ordinary() {
        return;
    }
    Attack::sh(r#"mount -t tmpfs x /mnt && echo mounted > "$LOOT""#)
        .control_launcher(IN_NAMESPACES)
        .boasts()
        .is_contained();
}

#[test]
fn a_readable_place_is_made_writable() {
    if is_ordinary() {
        return;
    }
    Attack::sh(r#"mount -o remount,bind,rw "$OUTSIDE"; echo stolen > "$OUTSIDE/README""#)
        .control_launcher(IN_NAMESPACES)
        .flags("--read $OUTSIDE")
        .harms("elsewhere")
        .is_contained();
}

#[test]
fn a_packet_socket_is_opened() {
    if is_ordinary() {
        return;
    }
    Attack::python("socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0x300)\nloot('opened')").boasts().is_contained();
}

#[test]
fn a_raw_socket_is_opened() {
    if is_ordinary() {
        return;
    }
    Attack::python("socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)\nloot('opened')")
        .boasts()
        .is_contained();
}

#[test]
fn a_packet_socket_is_opened_with_the_hosts_network() {
    if is_ordinary() {
        return;
    }
    Attack::python("socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0x300)\nloot('opened')")
        .flags("--network full")
        .boasts()
        .is_contained();
}

#[test]
fn a_program_is_loaded_into_the_kernel() {
    if is_ordinary() {
        return;
    }
    // BPF_MAP_CREATE of an array of one number.
    Attack::python(
        r#"
attributes = (ctypes.c_uint32 * 32)()
attributes[0], attributes[1], attributes[2], attributes[3] = 2, 4, 4, 1
call("bpf", 0, ctypes.byref(attributes), 128)
loot("made")
"#,
    )
    .boasts()
    .is_contained();
}

#[test]
fn a_file_is_opened_by_its_number() {
    if is_ordinary() {
        return;
    }
    Attack::python(
        r#"
class Handle(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_uint), ("type", ctypes.c_int), ("data", ctypes.c_ubyte * 128)]
handle, mount = Handle(bytes=128), ctypes.c_int()
call("name_to_handle_at", -100, E["OUTSIDE"].encode(), ctypes.byref(handle), ctypes.byref(mount), 0)
fd = call("open_by_handle_at", os.open(".", os.O_RDONLY), ctypes.byref(handle), os.O_RDONLY)
loot(os.read(os.open("private", os.O_RDONLY, dir_fd=fd), 4096))
"#,
    )
    .flags("--read $OUTSIDE")
    .before(private_file_of_another)
    .robs()
    .is_contained();
}

#[test]
fn the_log_of_the_kernel_is_read() {
    if is_ordinary() {
        return;
    }
    // SYSLOG_ACTION_SIZE_BUFFER changes nothing.
    Attack::python("call('syslog', 10, None, 0)\nloot('told')").boasts().is_contained();
}

#[test]
fn a_process_of_another_user_is_killed() {
    if is_ordinary() {
        return;
    }
    Attack::python("os.kill(int(E['VICTIM']), signal.SIGKILL)")
        .before(|scene| {
            let pid = scene.companion("os.setgid(65533)\nos.setuid(65533)\nprint('ready', flush=True)\ntime.sleep(60)");
            scene.set("VICTIM", pid.to_string());
        })
        .harm(|scene| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            (!pinfold_tests::is_alive(scene.victim_pid())).then(|| "a process of another user is dead".into())
        })
        .is_contained();
}

#[test]
fn another_identity_is_taken() {
    if is_ordinary() {
        return;
    }
    Attack::python("os.setgid(65533)\nos.setuid(65533)\nos.kill(int(E['VICTIM']), signal.SIGKILL)")
        .before(|scene| {
            let pid = scene.companion("os.setgid(65533)\nos.setuid(65533)\nprint('ready', flush=True)\ntime.sleep(60)");
            scene.set("VICTIM", pid.to_string());
        })
        .harm(|scene| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            (!pinfold_tests::is_alive(scene.victim_pid())).then(|| "a process of another user is dead".into())
        })
        .is_contained();
}

#[test]
fn a_place_that_only_root_may_write_is_written() {
    if is_ordinary() {
        return;
    }
    Attack::sh(r#"echo evil > "/etc/$MARK"; echo evil > "/usr/local/bin/$MARK""#)
        .harm(|scene| {
            let paths = ["/etc", "/usr/local/bin"].map(|place| std::path::Path::new(place).join(scene.mark()));
            let planted = paths.iter().any(|path| std::fs::remove_file(path).is_ok());
            planted.then(|| "a file appeared in a directory of the system".into())
        })
        .is_contained();
}
