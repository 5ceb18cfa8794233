//! Services of the host on Unix sockets: agents, Docker, D-Bus, whatever listens.

use std::path::PathBuf;

use pinfold_tests::{Attack, Listener, Scene, User, skip};

/// Connects to `$SOCKET`, speaks, and brings home what it hears.
const CALL: &str = r#"
def talk(address):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(2)
    s.connect(address)
    s.sendall(b"hello")
    loot(s.recv(4096))
address = E["SOCKET"]
talk("\0" + address[1:] if address.startswith("@") else address)
"#;

/// A service at a path of the scene.
fn service_at(path: &'static str) -> impl Fn(&Scene) {
    move |scene| {
        let path = PathBuf::from(path);
        scene.directory(path.parent().expect("a directory"));
        let socket = scene.path(&path);
        scene.serve(Listener::unix(&socket, scene.secret()));
        scene.set("SOCKET", socket);
    }
}

#[test]
fn the_ssh_agent_is_asked() {
    Attack::python(CALL)
        .before(service_at("home/.ssh/agent.sock"))
        .before(|scene| scene.set_for_caller("SSH_AUTH_SOCK", scene.path("home/.ssh/agent.sock")))
        .calls_a_service()
        .is_contained();
}

#[test]
fn a_service_in_the_home_is_called() {
    Attack::python(CALL).before(service_at("home/.docker/run/docker.sock")).calls_a_service().is_contained();
}

#[test]
fn a_service_in_a_readable_directory_is_called() {
    // A read-only mount does not stop a connection.
    Attack::python(CALL)
        .before(service_at("elsewhere/service.sock"))
        .flags("--read $OUTSIDE")
        .calls_a_service()
        .is_contained();
}

#[test]
fn a_service_in_the_workspace_is_called() {
    // Somebody outside listens on a socket in the project: a development server, git's own file watcher.
    Attack::python(CALL).before(service_at("home/project/service.sock")).calls_a_service().is_contained();
}

#[test]
fn a_service_in_the_temporary_directory_is_called() {
    Attack::python(CALL)
        .before(|scene| {
            let socket = PathBuf::from(format!("/tmp/{}.sock", scene.mark()));
            scene.serve(Listener::unix(&socket, scene.secret()));
            scene.set("SOCKET", socket);
        })
        .after(|scene| drop(std::fs::remove_file(format!("/tmp/{}.sock", scene.mark()))))
        .calls_a_service()
        .is_contained();
}

#[test]
fn a_service_in_the_runtime_directory_is_called() {
    let user = User::attacker();
    let runtime = PathBuf::from(format!("/run/user/{}", user.uid));
    // One that is made stays: this test may run twice at a time.
    if !runtime.exists() && (!User::test_is_root() || std::fs::create_dir_all(&runtime).is_err()) {
        return skip("there is no runtime directory, and only root can make one");
    }
    user.own(&runtime);
    let directory = runtime.clone();
    Attack::python(CALL)
        .before(move |scene| {
            // As long a name as a socket may have at most.
            let socket = directory.join(format!("bus-{}", &scene.mark()[..24]));
            let _ = std::fs::remove_file(&socket);
            scene.serve(Listener::unix(&socket, scene.secret()));
            scene.set_for_caller("DBUS_SESSION_BUS_ADDRESS", format!("unix:path={}", socket.display()));
            scene.set("SOCKET", socket);
        })
        .calls_a_service()
        .is_contained();
}

#[test]
fn a_service_on_an_abstract_name_is_called() {
    Attack::python(CALL).before(abstract_service).calls_a_service().is_contained();
}

#[test]
fn a_service_on_an_abstract_name_is_called_with_the_hosts_network() {
    // With the host's network its abstract names are there too; only Landlock's scope (version 6) is between.
    Attack::python(CALL).before(abstract_service).flags("--network full").calls_a_service().is_contained();
}

fn abstract_service(scene: &Scene) {
    let name = format!("abstract-{}", scene.mark());
    scene.serve(Listener::abstract_unix(&name, scene.secret()));
    scene.set("SOCKET", format!("@{name}"));
}

#[test]
fn a_datagram_reaches_a_service_in_the_home() {
    Attack::python(r#"socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"hello", E["SOCKET"])"#)
        .before(datagrams)
        .calls_a_service()
        .is_contained();
}

#[test]
fn a_message_of_a_datagram_socket_reaches_a_service_in_the_home() {
    Attack::python(r#"socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendmsg([b"hello"], [], 0, E["SOCKET"])"#)
        .before(datagrams)
        .calls_a_service()
        .is_contained();
}

#[test]
fn one_end_of_a_pair_reaches_a_service_in_the_home() {
    Attack::python(
        r#"
one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
one.sendmsg([b"hello"], [], 0, E["SOCKET"])
"#,
    )
    .before(datagrams)
    .calls_a_service()
    .is_contained();
}

fn datagrams(scene: &Scene) {
    let socket = scene.path("home/log.sock");
    scene.serve(Listener::unix_datagrams(&socket));
    scene.set("SOCKET", socket);
}

const ABSTRACT_DATAGRAM: &str = r#"
name = "\0" + E["SOCKET"]
attempt(lambda: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"hello", name))
one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
attempt(one.sendmsg, [b"hello"], [], 0, name)
"#;

#[test]
fn a_datagram_reaches_a_service_on_an_abstract_name() {
    Attack::python(ABSTRACT_DATAGRAM).before(abstract_datagrams).calls_a_service().is_contained();
}

#[test]
fn a_datagram_reaches_a_service_on_an_abstract_name_with_the_hosts_network() {
    Attack::python(ABSTRACT_DATAGRAM)
        .before(abstract_datagrams)
        .flags("--network full")
        .calls_a_service()
        .is_contained();
}

fn abstract_datagrams(scene: &Scene) {
    let name = format!("datagrams-{}", scene.mark());
    scene.serve(Listener::abstract_unix_datagrams(&name));
    scene.set("SOCKET", name);
}
