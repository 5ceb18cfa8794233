//! Shared memory, queues and semaphores that belong to processes outside.

use pinfold_tests::{Attack, Scene};

/// Makes something with a companion that removes it again when the scene ends.
fn with(program: &'static str) -> impl Fn(&Scene) {
    move |scene| {
        let pid = scene.companion(&format!(
            r#"
libc.prctl(1, signal.SIGTERM, 0, 0, 0)
key = random.getrandbits(30) | 1
libc.shmat.restype = ctypes.c_void_p
libc.shmdt.argtypes = [ctypes.c_void_p]
secret = E["SECRET"].encode()
{program}
print("ready", key, flush=True)
time.sleep(30)
"#
        ));
        scene.set("VICTIM", pid.to_string());
    }
}

/// System V segments have no owner whose end frees them: this one goes when nobody is attached to it any more.
const SEGMENT: &str = r#"
segment = do(libc.shmget, key, 4096, 0o1666)
address = libc.shmat(segment, None, 0)
ctypes.memmove(address, secret, len(secret))
# Until here it could leak; now it goes with this process, and still can be attached to by its number.
do(libc.shmctl, segment, 0, None)
key = segment
"#;

#[test]
fn shared_memory_of_a_process_outside_is_read() {
    Attack::python(
        r#"
libc.shmat.restype = ctypes.c_void_p
address = libc.shmat(int(E["COMPANION_SAYS"]), None, 0o10000)
assert address != ctypes.c_void_p(-1).value
loot(ctypes.string_at(address, 256))
"#,
    )
    .before(with(SEGMENT))
    .robs()
    .is_contained();
}

#[test]
fn shared_memory_outside_is_listed() {
    // The number of a segment says that it is there.
    Attack::sh(r#"grep -w "$COMPANION_SAYS" /proc/sysvipc/shm > "$LOOT""#)
        .before(with(SEGMENT))
        .boasts()
        .is_contained();
}

#[test]
fn a_message_for_somebody_else_is_taken_from_a_queue() {
    Attack::python(
        r#"
buffer = ctypes.create_string_buffer(512)
queue = do(libc.msgget, int(E["COMPANION_SAYS"]), 0)
do(libc.msgrcv, queue, buffer, 500, ctypes.c_long(0), 0o4000)
loot(buffer.raw)
"#,
    )
    .before(|scene| {
        scene.set_for_caller("QUEUE", scene.path("queue"));
        with(
            r#"
queue = do(libc.msgget, key, 0o1666)
do(libc.msgsnd, queue, struct.pack("l", 1) + secret, len(secret), 0)
open(E["QUEUE"], "w").write(str(queue))
"#,
        )(scene);
    })
    .after(|scene| {
        let program = format!("import ctypes\nctypes.CDLL(None).msgctl({}, 0, None)", scene.read("queue"));
        let _ = scene.command("/usr/bin/python3").args(["-c", &program]).status();
    })
    .robs()
    .is_contained();
}

#[test]
fn a_semaphore_of_a_process_outside_is_set() {
    Attack::python(
        r#"
semaphores = do(libc.semget, int(E["COMPANION_SAYS"]), 1, 0)
do(libc.semctl, semaphores, 0, 16, 77)
"#,
    )
    .before(|scene| {
        scene.set_for_caller("SEMAPHORES", scene.path("semaphores"));
        with(
            r#"
semaphores = do(libc.semget, key, 1, 0o1666)
open(E["SEMAPHORES"], "w").write(str(semaphores))
"#,
        )(scene);
    })
    .after(|scene| {
        // Looks at it and removes it.
        let program = format!(
            "import ctypes\nlibc = ctypes.CDLL(None)\nprint(libc.semctl({0}, 0, 12))\nlibc.semctl({0}, 0, 0)",
            scene.read("semaphores")
        );
        let output = scene.command("/usr/bin/python3").args(["-c", &program]).output().expect("python3");
        scene.write("value", output.stdout);
    })
    .harm(|scene| (scene.read("value").trim() == "77").then(|| "the semaphore was set".into()))
    .is_contained();
}

#[test]
fn a_named_queue_of_a_process_outside_is_read() {
    Attack::python(
        r#"
rt = ctypes.CDLL("librt.so.1", use_errno=True)
queue = do(rt.mq_open, ("/" + E["MARK"]).encode(), os.O_RDONLY | os.O_NONBLOCK)
buffer = ctypes.create_string_buffer(8192)
do(rt.mq_receive, queue, buffer, ctypes.c_size_t(8192), None)
loot(buffer.raw[:512])
"#,
    )
    .before(with(
        r#"
rt = ctypes.CDLL("librt.so.1", use_errno=True)
queue = do(rt.mq_open, ("/" + E["MARK"]).encode(), os.O_RDWR | os.O_CREAT, 0o600, None)
do(rt.mq_send, queue, secret, ctypes.c_size_t(len(secret)), 0)
"#,
    ))
    .after(|scene| {
        let program = "import ctypes, os\nctypes.CDLL('librt.so.1').mq_unlink(('/' + os.environ['MARK']).encode())";
        let _ = scene.command("/usr/bin/python3").args(["-c", program]).status();
    })
    .robs()
    .is_contained();
}

#[test]
fn a_shared_memory_file_of_a_process_outside_is_read() {
    Attack::python("steal('/dev/shm/' + E['MARK'])")
        .before(|scene| {
            let path = format!("/dev/shm/{}", scene.mark());
            std::fs::write(&path, scene.secret()).expect("a shared memory file");
            scene.user.own(path.as_ref());
        })
        .after(|scene| drop(std::fs::remove_file(format!("/dev/shm/{}", scene.mark()))))
        .robs()
        .is_contained();
}

#[test]
fn a_shared_memory_file_of_a_process_outside_is_changed() {
    Attack::sh(r#"echo stolen > "/dev/shm/$MARK""#)
        .before(|scene| {
            let path = format!("/dev/shm/{}", scene.mark());
            std::fs::write(&path, "as it was\n").expect("a shared memory file");
            scene.user.own(path.as_ref());
        })
        .harm(|scene| {
            let path = format!("/dev/shm/{}", scene.mark());
            let content = std::fs::read_to_string(&path).unwrap_or_default();
            let _ = std::fs::remove_file(path);
            (content != "as it was\n").then(|| "the shared memory is another".into())
        })
        .is_contained();
}

#[test]
fn shared_memory_made_inside_stays_on_the_host() {
    // What has no process as owner would outlive the run.
    Attack::python(
        r#"
segment = do(libc.shmget, int(E["KEY"]), 4096, 0o1600)
"#,
    )
    .before(|scene| {
        let digits: String = scene.mark().chars().rev().filter(char::is_ascii_digit).take(8).collect();
        scene.set("KEY", format!("1{digits}"));
    })
    .harm(|scene| {
        let program = "import ctypes, os\nlibc = ctypes.CDLL(None)\nsegment = libc.shmget(int(os.environ['KEY']), 1, 0)\nprint(segment)\nsegment >= 0 and libc.shmctl(segment, 0, None)";
        let output = scene.command("/usr/bin/python3").args(["-c", program]).output().expect("python3");
        let found = String::from_utf8_lossy(&output.stdout).trim() != "-1";
        found.then(|| "a segment stays behind".into())
    })
    .is_contained();
}
