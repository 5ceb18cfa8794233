//! Programs that ask for more than files: processes, shared memory, sockets, debuggers.

use crate::desk::{Desk, lacks};

#[test]
fn processes_of_the_run_are_seen_and_no_others() {
    if lacks("ps") {
        return;
    }
    let desk = Desk::new();
    let text = desk.inside("sleep 5 & until grep -qx sleep /proc/$!/comm; do :; done; ps -e -o comm=; kill %1").ok();
    // The program under test may have another name.
    let mut seen: Vec<&str> = text.lines().map(str::trim).filter(|name| !name.starts_with("pinfold")).collect();
    seen.sort_unstable();
    assert_eq!(seen, ["bash", "ps", "sleep"]);
}

#[test]
fn the_machine_describes_itself() {
    let desk = Desk::new();
    let script = "nproc; getconf PAGESIZE; hostname; id -un; id -u";
    assert_eq!(desk.inside(script).ok(), desk.outside(script).ok());
    desk.inside("df . > /dev/null && free > /dev/null && uptime > /dev/null && mount > /dev/null && date > /dev/null")
        .ok();
}

#[test]
fn the_users_locale_and_terminal_settings_come_along() {
    let desk = Desk::new();
    let call = desk.pinfold(["run", "--", "sh", "-c", "echo $LANG $LC_ALL $TERM $TZ $HOME $PWD"]);
    let text = call.variable("LC_ALL", "C").variable("TERM", "dumb").variable("TZ", "UTC").run().ok();
    let (home, workspace) = (desk.path("home"), desk.workspace());
    assert_eq!(text, format!("C.UTF-8 C dumb UTC {} {}", home.display(), workspace.display()));
}

#[test]
fn the_private_home_is_kept_between_runs_and_the_real_one_untouched() {
    let desk = Desk::new();
    desk.write("home/.bash_history", "secret\n");
    desk.inside("test ! -e ~/.bash_history && mkdir -p ~/.config/tool && echo state > ~/.config/tool/state").ok();
    assert_eq!(desk.inside("cat ~/.config/tool/state").ok(), "state");
    assert!(!desk.path("home/.config/tool").exists());
}

#[test]
fn temporary_files_work_and_go() {
    let desk = Desk::new();
    desk.inside("f=$(mktemp) && echo x > $f && cp $f /tmp/kept && cp $f /var/tmp/kept && test -w /dev/shm").ok();
    desk.inside("test ! -e /tmp/kept && test ! -e /var/tmp/kept").ok();
}

#[test]
fn python_shares_work_and_memory_between_processes() {
    if lacks("python3") {
        return;
    }
    let desk = Desk::new();
    let program = "
import multiprocessing as m
from multiprocessing import shared_memory
pool = m.Pool(3)
print(pool.map(abs, range(-3, 0)))
queue = m.Queue(); queue.put(1); print(queue.get())
with m.Lock(): pass
memory = shared_memory.SharedMemory(create=True, size=100); memory.unlink(); print('done')
";
    desk.write("home/project/share.py", program);
    assert_eq!(desk.inside("/usr/bin/python3 share.py").ok(), "[3, 2, 1]\n1\ndone");
}

#[test]
fn a_server_and_a_client_talk_over_localhost() {
    if lacks("python3") {
        return;
    }
    let desk = Desk::new();
    let program = "
import http.server, threading, urllib.request, socket
class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words): pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Quiet)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(urllib.request.urlopen(f'http://localhost:{server.server_port}/README').read().decode().strip())
six = socket.create_server(('::1', 0), family=socket.AF_INET6)
socket.create_connection(six.getsockname()[:2]).close()
";
    desk.write("home/project/talk.py", program);
    assert_eq!(desk.inside("/usr/bin/python3 talk.py").ok(), "a project");
}

#[test]
fn unix_sockets_work_inside() {
    if lacks("python3") {
        return;
    }
    let desk = Desk::new();
    let program = r"
import socket
for name in '/tmp/socket', './socket', '\0abstract':
    server = socket.socket(socket.AF_UNIX); server.bind(name); server.listen()
    client = socket.socket(socket.AF_UNIX); client.connect(name)
    print('connected')
";
    desk.write("home/project/sockets.py", program);
    assert_eq!(desk.inside("/usr/bin/python3 sockets.py && rm socket").ok(), "connected\n".repeat(3).trim());
}

#[test]
fn a_debugger_and_a_tracer_work_on_their_own_children() {
    if lacks("gdb") || lacks("strace") || lacks("cc") {
        return;
    }
    let desk = Desk::new();
    desk.write("home/project/a.c", "#include <stdio.h>\nint main(void) { puts(\"hello\"); return 3; }\n");
    let text = desk.inside("cc -g -o a a.c && gdb -batch -ex 'break main' -ex run -ex bt -ex continue ./a 2>&1").ok();
    assert!(text.contains("main () at a.c:2") && text.contains("exited with code 03"), "{text}");
    desk.inside("strace -f -o trace ./a > /dev/null").ends_with(3);
    assert!(desk.read("home/project/trace").contains("exited with 3"));
}

#[test]
fn a_thousand_processes_are_started_one_after_the_other() {
    let desk = Desk::new();
    assert_eq!(desk.inside("for i in $(seq 1000); do /bin/true && echo; done | wc -l").ok(), "1000");
}

#[test]
fn databases_lock_and_map_files_in_the_workspace() {
    if lacks("sqlite3") {
        return;
    }
    let desk = Desk::new();
    let script =
        "sqlite3 db 'pragma journal_mode=wal; create table t(a); insert into t values(1),(2); select sum(a) from t;'";
    assert_eq!(desk.inside(script).ok(), "wal\n3");
    assert_eq!(desk.outside("sqlite3 db 'select count(*) from t'").ok(), "2");
}

#[test]
fn links_pipes_modes_and_times_are_made_in_the_workspace() {
    let desk = Desk::new();
    let script = "set -e; ln -s README s; ln README h; mkfifo p; (echo x > p &); read y < p; chmod 700 README;
        touch -d 2001-01-01T00:00:00Z README; cp -a README copy; mkdir d; mv copy d/; rm -r d p; stat -c '%a %h %Y' README";
    assert_eq!(desk.inside(script).ok(), "700 2 978307200");
    assert_eq!(desk.outside("stat -c '%a %h %Y' README; readlink s").ok(), "700 2 978307200\nREADME");
}
