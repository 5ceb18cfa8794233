//! Reaching somebody when the network is off, and being reached.

use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpStream, UdpSocket};
use std::time::Duration;

use pinfold_tests::{Attack, Listener, Scene, harmless_here, skip};

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

/// Tells a service something and brings home what it says.
const DIAL: &str = r#"
s = socket.create_connection((E["ADDRESS"], int(E["PORT"])), timeout=2)
s.sendall(b"hello")
loot(s.recv(4096))
"#;

fn service_on(address: IpAddr) -> impl Fn(&Scene) {
    move |scene| {
        scene.serve(Listener::tcp(address, scene.secret()).expect("a port"));
        scene.set("ADDRESS", address.to_string());
    }
}

/// The address that this host has for others, if any. Nothing is sent.
fn other_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 254), 9)).ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

#[test]
fn a_service_on_the_loopback_is_dialled() {
    Attack::python(DIAL).before(service_on(V4)).calls_a_service().is_contained();
}

#[test]
fn a_service_on_the_loopback_is_dialled_by_the_shell() {
    Attack::sh(r#"exec bash -c 'exec 3<> "/dev/tcp/127.0.0.1/$PORT"; echo hello >&3'"#)
        .before(service_on(V4))
        .calls_a_service()
        .is_contained();
}

#[test]
fn a_service_on_the_loopback_of_version_6_is_dialled() {
    if Listener::tcp(V6, "").is_none() {
        return skip("this host has no IPv6");
    }
    Attack::python(DIAL).before(service_on(V6)).calls_a_service().is_contained();
}

#[test]
fn a_service_on_a_mapped_address_is_dialled() {
    if Listener::tcp(V6, "").is_none() {
        return skip("this host has no IPv6");
    }
    Attack::python(DIAL)
        .before(service_on(V4))
        .before(|scene| scene.set("ADDRESS", "::ffff:127.0.0.1"))
        .calls_a_service()
        .is_contained();
}

#[test]
fn a_service_on_the_hosts_other_address_is_dialled() {
    let Some(address) = other_address() else { return skip("this host has no address but its loopback") };
    Attack::python(DIAL).before(service_on(address)).calls_a_service().is_contained();
}

#[test]
fn a_service_is_dialled_on_the_zero_address() {
    Attack::python(DIAL)
        .before(service_on(V4))
        .before(|scene| scene.set("ADDRESS", "0.0.0.0"))
        .calls_a_service()
        .is_contained();
}

#[test]
fn a_service_is_dialled_with_the_first_packet() {
    // TCP Fast Open connects without connect(2).
    Attack::python(
        r#"
s = socket.socket()
s.sendto(b"hello", 0x20000000, ("127.0.0.1", int(E["PORT"])))
time.sleep(0.1)
"#,
    )
    .before(service_on(V4))
    .calls_a_service()
    .is_contained();
}

fn datagrams_on(address: IpAddr) -> impl Fn(&Scene) {
    move |scene| {
        scene.serve(Listener::udp(address).expect("a port"));
        scene.set("ADDRESS", address.to_string());
    }
}

const SEND: &str = r#"
family = socket.AF_INET6 if ":" in E["ADDRESS"] else socket.AF_INET
s = socket.socket(family, socket.SOCK_DGRAM)
target = (E["ADDRESS"], int(E["PORT"]))
attempt(s.sendto, b"hello", target)
attempt(s.sendmsg, [b"hello"], [], 0, target)
"#;

#[test]
fn a_datagram_is_sent_to_the_loopback() {
    Attack::python(SEND).before(datagrams_on(V4)).calls_a_service().is_contained();
}

#[test]
fn a_datagram_is_sent_to_the_loopback_of_version_6() {
    if Listener::udp(V6).is_none() {
        return skip("this host has no IPv6");
    }
    Attack::python(SEND).before(datagrams_on(V6)).calls_a_service().is_contained();
}

#[test]
fn a_datagram_is_sent_to_the_hosts_other_address() {
    let Some(address) = other_address() else { return skip("this host has no address but its loopback") };
    Attack::python(SEND).before(datagrams_on(address)).calls_a_service().is_contained();
}

#[test]
fn a_secret_leaves_in_a_question_for_a_name() {
    // A name server of the test's own: a question for `SECRET.example` carries the secret away.
    Attack::python(
        r#"
question = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + b"\x06secret\x07example\x00" + b"\x00\x01\x00\x01"
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(question, ("127.0.0.1", int(E["PORT"])))
"#,
    )
    .before(datagrams_on(V4))
    .calls_a_service()
    .is_contained();
}

/// Opens a socket of a family that reaches past addresses; only who opens it can tell.
fn opens(socket: &str) -> Attack {
    Attack::python(format!("s = {socket}\nloot('opened')")).boasts()
}

#[test]
fn events_of_the_kernel_are_listened_to() {
    // NETLINK_KOBJECT_UEVENT, all groups: what is plugged in, for everybody on the machine.
    opens("socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 15)\ns.bind((0, 1))").is_contained();
}

#[test]
fn connections_of_the_host_are_listed_by_netlink() {
    // NETLINK_SOCK_DIAG.
    opens("socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4)").is_contained();
}

#[test]
fn the_firewall_is_talked_to_by_netlink() {
    // NETLINK_NETFILTER; a way to many faults of the kernel.
    opens("socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)").is_contained();
}

#[test]
fn the_encryption_of_the_kernel_is_used() {
    let works = "import socket\nsocket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET)";
    if !works_outside(works) {
        return harmless_here("this kernel has no AF_ALG");
    }
    opens("socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET)").is_contained();
}

#[test]
fn the_host_of_a_virtual_machine_is_called() {
    let works = "import socket\nsocket.socket(40, socket.SOCK_STREAM)";
    if !works_outside(works) {
        return harmless_here("this kernel has no AF_VSOCK");
    }
    opens("socket.socket(40, socket.SOCK_STREAM)").is_contained();
}

#[test]
fn frames_are_sent_from_a_network_of_ones_own() {
    // AF_PACKET wants a privilege, which everybody has in a user namespace of his own.
    opens("do(libc.unshare, 0x50000000)\nsocket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0x300)").is_contained();
}

#[test]
fn raw_packets_are_sent_from_a_network_of_ones_own() {
    opens("do(libc.unshare, 0x50000000)\nsocket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)")
        .is_contained();
}

fn works_outside(program: &str) -> bool {
    Scene::new(pinfold_tests::Runner::Bare)
        .command("/usr/bin/python3")
        .args(["-c", program])
        .output()
        .is_ok_and(|output| output.status.success())
}

// ---- being reached ----

/// Listens inside and says the secret to whoever calls; the test calls from outside.
fn serves(bind: &str) -> Attack {
    Attack::python(format!(
        r#"
with open(E["WORKSPACE"] + "/word") as file:
    word = file.read()
{bind}
s.listen()
port = s.getsockname()[1]
open("port.new", "w").write(str(port))
os.rename("port.new", "port")
s.settimeout(2)
connection, _ = s.accept()
connection.sendall(word.encode())
time.sleep(0.1)
"#
    ))
    .before(|scene| scene.write("home/project/word", scene.secret()))
    .during(|scene, running| {
        pinfold_tests::eventually(|| scene.has("home/project/port") || running.has_ended());
        let Ok(port) = scene.read("home/project/port").parse::<u16>() else { return };
        for address in [V4, V6].into_iter().chain(other_address()) {
            let Ok(mut stream) = TcpStream::connect_timeout(&(address, port).into(), Duration::from_millis(500)) else {
                continue;
            };
            let _ = stream.set_read_timeout(Some(Duration::from_secs(1)));
            let mut heard = String::new();
            let _ = stream.read_to_string(&mut heard);
            if heard.contains(scene.secret()) {
                scene.write("heard", "");
            }
        }
    })
    .harm(|scene| scene.has("heard").then(|| "a service inside was reached from outside".into()))
}

#[test]
fn a_service_inside_is_reached_from_outside() {
    serves("s = socket.socket()\ns.bind(('0.0.0.0', 0))").is_contained();
}

#[test]
fn a_service_inside_is_reached_from_outside_on_version_6() {
    if Listener::tcp(V6, "").is_none() {
        return skip("this host has no IPv6");
    }
    serves("s = socket.socket(socket.AF_INET6)\ns.bind(('::', 0))").is_contained();
}
