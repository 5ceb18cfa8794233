//! Real servers at the other end: OpenSSH and nginx, each started by the story as an ordinary user.

use crate::desk::{Call, Ended, lacks};
use crate::traveller::Traveller;

/// Begins a script in the tests' internet: `as_ada COMMAND` runs a server as a user of the story's own, who has an
/// account; `wait_for PORT` waits until it listens.
const SERVERS: &str = r#"
set -e
trap 'kill %1; wait' EXIT
echo "ada:x:4242:4242::$WORLD:/bin/sh" > $WORLD/passwd
as_ada() {
    exec unshare --user --map-user=4242 --map-group=4242 --mount --keep-caps /bin/sh -c '
        mount --bind $WORLD/passwd /etc/passwd
        exec setpriv --ambient-caps -all --inh-caps -all -- "$@"' as_ada "$@"
}
wait_for() { for i in $(seq 200); do (exec 3<>/dev/tcp/93.184.216.34/$1) 2> /dev/null && return; sleep 0.05; done; false; }
"#;

/// A server with a repository, for whoever has the key.
const SSHD: &str = r#"
git clone --quiet --bare . $WORLD/repository.git
ssh-keygen -q -t ed25519 -N '' -f $WORLD/host_key
ssh-keygen -q -t ed25519 -N '' -f key
cp key.pub $WORLD/authorized_keys
for host in api evil; do echo "[$host.example.com]:2222 $(cut -d ' ' -f 1,2 $WORLD/host_key.pub)"; done > known_hosts
cat > $WORLD/sshd_config << END
ListenAddress 93.184.216.34:2222
ListenAddress 93.184.216.35:2222
HostKey $WORLD/host_key
AuthorizedKeysFile $WORLD/authorized_keys
PidFile none
StrictModes no
UsePAM no
LogLevel VERBOSE
END
(as_ada /usr/sbin/sshd -D -f $WORLD/sshd_config -E $WORLD/sshd.log) &
wait_for 2222
"#;

/// A server of HTTP/2 with TLS, whose log has a line for each request: protocol, request, number on its connection.
const NGINX: &str = r#"
mkdir -p $WORLD/nginx/files
head -c 33554433 /dev/urandom > $WORLD/nginx/files/large
echo small > $WORLD/nginx/files/small
cat > $WORLD/nginx.conf << END
daemon off;
pid nginx.pid;
error_log error.log;
events {}
http {
    log_format seen '\$server_protocol \$request_method \$uri \$connection_requests';
    access_log $WORLD/nginx.log seen;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    server {
        listen 93.184.216.34:8443 ssl http2;
        ssl_certificate $WORLD/api.example.com.pem;
        ssl_certificate_key $WORLD/api.example.com.key;
        root $WORLD/nginx;
    }
}
END
(as_ada /usr/sbin/nginx -p $WORLD/nginx -c $WORLD/nginx.conf -e $WORLD/nginx/error.log 2> /dev/null) &
wait_for 8443
"#;

/// A script while a server runs.
fn with<'a>(traveller: &'a Traveller, server: &str, script: &str) -> Call<'a> {
    traveller.call(&["bash", "-c", &format!("{SERVERS}{server}{script}")])
}

fn lines(traveller: &Traveller, log: &str) -> Vec<String> {
    traveller.0.read(log).lines().map(str::to_owned).collect()
}

#[test]
fn git_clones_over_ssh_where_a_rule_names_the_host() {
    if lacks("sshd") || lacks("ssh") {
        return;
    }
    let Some(traveller) = Traveller::new() else { return };
    let script = r#"
        export GIT_SSH_COMMAND="ssh -F none -i $PWD/key -o UserKnownHostsFile=$PWD/known_hosts -o ConnectTimeout=5"
        clone() { pinfold run --env GIT_SSH_COMMAND --allow-host api.example.com:2222 -- git clone --quiet ssh://ada@$1.example.com:2222$WORLD/repository.git $1; }
        clone api
        cat api/README
        if clone evil || test -e evil; then exit 1; fi
        git clone --quiet ssh://ada@evil.example.com:2222$WORLD/repository.git control"#;
    let ended = with(&traveller, SSHD, script).run();
    assert_eq!(ended.says("refused: ").says("--allow-host evil.example.com").ok(), "a project");
    let accepted = |address: &str| {
        let log = lines(&traveller, "world/sshd.log");
        log.iter().filter(|line| line.contains("Connection from") && line.contains(address)).count()
    };
    // The wait for the server is a connection too; that to the other address is the control's.
    assert_eq!((accepted("on 93.184.216.34 port 2222"), accepted("on 93.184.216.35 port 2222")), (2, 1));
}

/// Rules that make the gate look at requests, and such that do not.
const BY_REQUEST: &str = "[network]
mode = 'rules'
allow = [{ host = 'api.example.com:8443', methods = ['GET'], paths = ['/files/**'] }]
";

fn fetch(traveller: &Traveller, flags: &str, script: &str) -> Ended {
    let inside = format!("pinfold run {flags} -- bash -c '{script}'; cmp large $WORLD/nginx/files/large");
    with(traveller, NGINX, &inside).run()
}

#[test]
fn a_large_file_arrives_as_it_was_sent() {
    if lacks("nginx") {
        return;
    }
    let Some(traveller) = Traveller::new() else { return };
    traveller.0.write("home/rules.toml", BY_REQUEST);
    for (flags, version) in [
        ("--policy ../rules.toml", "--http2"),
        ("--policy ../rules.toml", "--http1.1"),
        ("--allow-host api.example.com:8443", "--http2"),
    ] {
        let script =
            format!("curl -sS {version} -o large -w \"%{{http_version}}\" https://api.example.com:8443/files/large");
        let expected = if version == "--http2" { "2" } else { "1.1" };
        assert_eq!(fetch(&traveller, flags, &script).ok(), expected, "{flags} {version}");
    }
}

#[test]
fn requests_of_one_connection_are_judged_one_by_one() {
    if lacks("nginx") {
        return;
    }
    let Some(traveller) = Traveller::new() else { return };
    traveller.0.write("home/rules.toml", BY_REQUEST);
    for (version, protocol) in [("--http2", "HTTP/2.0"), ("--http1.1", "HTTP/1.1")] {
        let script = format!(
            "site=https://api.example.com:8443; get=\"curl -sS {version} -o /dev/null -w %{{http_code}}:%{{num_connects}}\\\\n\"
            $get -d x $site/files/small; $get $site/nginx.conf
            $get $site/files/small --next $site/private -sS {version} -o /dev/null -w %{{http_code}}:%{{num_connects}}\\\\n --next $site/files/large -sS {version} -o large"
        );
        let ended = fetch(&traveller, "--policy ../rules.toml", &script);
        assert_eq!(ended.says("POST /files/small").ok(), "403:1\n403:1\n200:1\n403:0", "{version}");
        let seen = lines(&traveller, "world/nginx.log");
        let seen: Vec<&str> = seen.iter().rev().take(2).rev().map(String::as_str).collect();
        assert_eq!(seen, [format!("{protocol} GET /files/small 1"), format!("{protocol} GET /files/large 2")]);
        assert!(!traveller.0.read("world/nginx.log").contains("POST"));
    }
}
