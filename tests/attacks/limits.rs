//! Taking more than the policy gives: memory, processes, disk, time, files, output.
//!
//! The controls take a small, fixed amount that is more than the policy of the test allows.

use std::fs::File;
use std::os::unix::fs::MetadataExt;

use pinfold_tests::{Attack, Scene, eventually, marked};

const MIB: u64 = 1 << 20;

/// The attack says that it holds what it took, and holds it for a while. It is believed when it lives to the end.
fn holds_on(program: &str, limit: &str) -> Attack {
    Attack::python(format!("{program}\ntime.sleep(3)\nloot('held')")).flags(&format!("--limit {limit}")).boasts()
}

#[test]
fn one_process_takes_too_much_memory() {
    holds_on("data = bytearray(os.urandom(1 << 20) * 200)", "memory=100MiB").is_contained();
}

#[test]
fn many_processes_together_take_too_much_memory() {
    holds_on(
        r#"
ready, done = os.pipe()
for child in range(4):
    if os.fork() == 0:
        data = bytearray(os.urandom(1 << 20) * 50)
        os.write(done, b"x")
        time.sleep(4)
        os._exit(0)
for child in range(4):
    os.read(ready, 1)
"#,
        "memory=100MiB",
    )
    .is_contained();
}

#[test]
fn orphans_take_too_much_memory() {
    holds_on(
        r#"
ready, done = os.pipe()
for child in range(4):
    if os.fork() == 0:
        if os.fork() == 0:
            os.setsid()
            data = bytearray(os.urandom(1 << 20) * 50)
            os.write(done, b"x")
            time.sleep(4)
        os._exit(0)
for child in range(4):
    os.read(ready, 1)
"#,
        "memory=100MiB",
    )
    .is_contained();
}

#[test]
fn shared_memory_takes_too_much_memory() {
    holds_on(
        "data = mmap.mmap(-1, 200 << 20)\nfor piece in range(200):\n    data.write(bytes(1 << 20))",
        "memory=100MiB",
    )
    .is_contained();
}

#[test]
fn a_memory_file_that_nobody_maps_takes_too_much_memory() {
    holds_on(
        "fd = os.memfd_create('hog')\nfor piece in range(200):\n    os.write(fd, bytes(1 << 20))",
        "memory=100MiB",
    )
    .is_contained();
}

#[test]
fn a_segment_that_nobody_is_attached_to_takes_too_much_memory() {
    holds_on(
        r#"
libc.shmat.restype = ctypes.c_void_p
libc.shmdt.argtypes = [ctypes.c_void_p]
libc.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
segments = []
for piece in range(20):
    segment = do(libc.shmget, 0, 10 << 20, 0o1600)
    segments.append(segment)
    address = libc.shmat(segment, None, 0)
    ctypes.memset(address, 1, 10 << 20)
    libc.shmdt(address)
time.sleep(3)
for segment in segments:
    libc.shmctl(segment, 0, None)
"#,
        "memory=100MiB",
    )
    .is_contained();
}

#[test]
fn the_private_temporary_directory_takes_too_much_memory() {
    holds_on(
        r#"
os.makedirs("/tmp/" + E["MARK"])
try:
    with open("/tmp/" + E["MARK"] + "/file", "wb") as file:
        for piece in range(60):
            file.write(bytes(1 << 20))
        file.flush()
        time.sleep(0.5)
finally:
    os.unlink("/tmp/" + E["MARK"] + "/file")
    os.rmdir("/tmp/" + E["MARK"])
"#,
        "temp=20MiB",
    )
    .is_contained();
}

#[test]
fn too_many_processes_are_started() {
    Attack::sh(
        r#"n=0; while [ $n -lt 80 ]; do sh -c 'sleep 4; :' "$MARK-child" & n=$((n+1)); done; : > started; wait"#,
    )
    .flags("--limit processes=50")
    .during(|scene, running| {
        let mark = format!("{}-child", scene.mark());
        let mut most = 0;
        eventually(|| {
            most = most.max(marked(&mark).len());
            most >= 80 || running.has_ended()
        });
        scene.write("most", most.to_string());
    })
    .harm(|scene| {
        let most: usize = scene.read("most").parse().ok()?;
        (most > 50).then(|| format!("there were {most} processes"))
    })
    .is_contained();
}

#[test]
fn too_many_threads_are_started() {
    Attack::python(
        r#"
open("started", "w").close()
threading.stack_size(1 << 16)
for number in range(80):
    threading.Thread(target=time.sleep, args=(1,)).start()
loot("80 threads")
"#,
    )
    .flags("--limit processes=50")
    .boasts()
    .is_contained();
}

/// What is free on a disk changes with everything that anybody writes there or removes: one of these at a time, those
/// included that this program tries once more without a sandbox, in a process of its own. Held until dropped.
fn alone_on_the_disk() -> File {
    let program = std::env::current_exe().and_then(File::open).expect("this test");
    program.lock().expect("the lock");
    program
}

fn blocks_of(scene: &Scene, directory: &str) -> u64 {
    let entries = std::fs::read_dir(scene.path(directory)).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.blocks() * 512).sum()
}

#[test]
fn the_disk_is_filled_by_one_file() {
    let _alone = alone_on_the_disk();
    Attack::sh(
        "mkdir hoard; for i in $(seq 30); do head -c 4194304 /dev/urandom >> hoard/file || exit; sleep 0.03; done",
    )
    .flags("--limit disk=50MiB")
    .harm(|scene| too_full(scene, 100))
    .is_contained();
}

#[test]
fn the_disk_is_filled_by_many_files() {
    let _alone = alone_on_the_disk();
    Attack::sh("mkdir hoard; for i in $(seq 30); do head -c 4194304 /dev/urandom > hoard/$i || exit; sleep 0.03; done")
        .flags("--limit disk=50MiB")
        .harm(|scene| too_full(scene, 100))
        .is_contained();
}

#[test]
fn the_disk_is_filled_in_the_private_home() {
    let _alone = alone_on_the_disk();
    Attack::sh(r#"mkdir -p "$HOME/hoard"; for i in $(seq 30); do head -c 4194304 /dev/urandom > "$HOME/hoard/$i" || exit; sleep 0.03; done; : > "$LOOT"; echo filled > "$LOOT""#)
        .flags("--limit disk=50MiB")
        .boasts()
        .is_contained();
}

#[test]
fn the_disk_is_filled_by_a_file_without_a_name() {
    let _alone = alone_on_the_disk();
    Attack::python(
        r#"
file = open("hoard", "wb")
os.unlink("hoard")
for piece in range(30):
    file.write(os.urandom(4 << 20))
    file.flush()
    time.sleep(0.03)
loot("filled")
"#,
    )
    .flags("--limit disk=50MiB")
    .boasts()
    .is_contained();
}

#[test]
fn the_disk_is_filled_by_preallocation() {
    let _alone = alone_on_the_disk();
    Attack::sh("mkdir hoard; fallocate -l 120MiB hoard/file; sleep 3; echo filled > \"$LOOT\"")
        .flags("--limit disk=50MiB")
        .boasts()
        .is_contained();
}

fn too_full(scene: &Scene, most_mib: u64) -> Option<String> {
    let used = blocks_of(scene, "home/project/hoard") / MIB;
    (used > most_mib).then(|| format!("{used} MiB were written"))
}

#[test]
fn one_file_grows_too_large() {
    Attack::sh("mkdir hoard; head -c 20971520 /dev/urandom > hoard/file")
        .flags("--limit file-size=10MiB")
        .harm(|scene| too_full(scene, 10))
        .is_contained();
}

#[test]
fn too_many_files_are_opened() {
    Attack::python("held = [open('/dev/null') for number in range(200)]\nloot('200 files')")
        .flags("--limit open-files=100")
        .boasts()
        .is_contained();
}

#[test]
fn the_limit_of_open_files_is_raised_again() {
    Attack::python(
        r#"
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
attempt(resource.setrlimit, resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
attempt(resource.setrlimit, resource.RLIMIT_NOFILE, (4096, 4096))
held = [open('/dev/null') for number in range(200)]
loot('200 files')
"#,
    )
    .flags("--limit open-files=100")
    .boasts()
    .is_contained();
}

#[test]
fn the_run_takes_too_long() {
    Attack::sh(r#"trap : TERM INT HUP; sleep 3; sleep 2; echo "still here" > "$LOOT""#)
        .flags("--limit wall-time=1s")
        .boasts()
        .is_contained();
}

#[test]
fn the_run_takes_too_long_in_the_background() {
    Attack::sh(r#"setsid sh -c 'sleep 5; echo "still here" > "$LOOT"' & sleep 6"#)
        .flags("--limit wall-time=1s")
        .boasts()
        .is_contained();
}

#[test]
fn one_process_takes_too_much_processor_time() {
    Attack::python("signal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile time.process_time() < 2.5:\n    pass\nloot('2.5 seconds')")
        .flags("--limit cpu-time=1s")
        .boasts()
        .is_contained();
}

#[test]
fn processes_one_after_the_other_take_too_much_processor_time() {
    // `cpu-time` is for the run as a whole.
    Attack::python(
        r#"
for child in range(3):
    if os.fork() == 0:
        while time.process_time() < 0.9:
            pass
        os._exit(0)
    os.wait()
loot('2.7 seconds')
"#,
    )
    .flags("--limit cpu-time=1s")
    .boasts()
    .is_contained();
}

#[test]
fn too_much_is_printed() {
    Attack::sh("head -c 5242880 /dev/zero | tr '\\0' x; sleep 2")
        .flags("--limit output=1MiB")
        .harm(|scene| {
            let printed = scene.printed().len() as u64;
            (printed > 2 * MIB).then(|| format!("{printed} bytes came out"))
        })
        .is_contained();
}

#[test]
fn the_run_hangs_on_after_its_command_has_ended() {
    // A job that keeps the output open must not keep the caller waiting.
    Attack::sh(r#"setsid sleep 8 & exit 0"#)
        .launcher(r#"start=$(date +%s%N); "$@" | cat; end=$(date +%s%N); [ $(( (end - start) / 1000000 )) -lt 6000 ] || : > "$OUTSIDE/waited""#)
        .plants("elsewhere/waited")
        .is_contained();
}
