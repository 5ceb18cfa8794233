//! The network and the sockets of programs outside.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use pinfold_plan::Promise::{NetworkOff, NetworkRules, SocketsOutside};

use super::company::{Service, address_of_host};
use super::{Attempt, Listed, attempt, prepared};
use crate::attack::Scene;

const V4: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);

pub(super) const ATTACKS: &[Listed] = &[
    (NetworkOff, "tcp", "a service on 127.0.0.1 was reached", |_, _, _| Ok(calls("tcp", prepared(Service::tcp(V4))?))),
    (NetworkOff, "tcp-v-six", "a service on ::1 was reached", |_, _, _| Ok(calls("tcp", prepared(Service::tcp(V6))?))),
    (NetworkOff, "udp", "a datagram reached 127.0.0.1", |_, _, _| Ok(calls("udp", prepared(Service::udp(V4))?))),
    (NetworkOff, "udp-v-six", "a datagram reached ::1", |_, _, _| Ok(calls("udp", prepared(Service::udp(V6))?))),
    (NetworkOff, "tcp-host", "a service on this host's own address was reached", |_, _, _| {
        let address = address_of_host().ok_or("this host has no address but its loopback")?;
        Ok(calls("tcp", prepared(Service::tcp(address))?))
    }),
    (NetworkRules, "tcp-by-rules", "a service on 127.0.0.1 was reached", |_, _, _| {
        Ok(calls("tcp", prepared(Service::tcp(V4))?))
    }),
    (NetworkRules, "tcp-v-six-by-rules", "a service on ::1 was reached", |_, _, _| {
        Ok(calls("tcp", prepared(Service::tcp(V6))?))
    }),
    (NetworkRules, "udp-by-rules", "a datagram reached 127.0.0.1", |_, _, _| {
        Ok(calls("udp", prepared(Service::udp(V4))?))
    }),
    (SocketsOutside, "unix", "a socket file outside was connected to", |scene, _, name| {
        let path = short(scene, name);
        let service = prepared(Service::unix(&path))?;
        Ok(attempt("unix", [path], move |_| service.was_called()))
    }),
    (SocketsOutside, "unix-datagram", "a datagram reached a socket file outside", |scene, _, name| {
        let path = short(scene, name);
        let service = prepared(Service::unix_datagram(&path))?;
        Ok(attempt("unix-datagram", [path], move |_| service.was_called()))
    }),
    (SocketsOutside, "abstract", "an abstract socket outside was connected to", |scene, _, name| {
        let service = prepared(Service::abstract_name(&scene.token(name)))?;
        Ok(attempt("abstract", [scene.token(name)], move |_| service.was_called()))
    }),
    (SocketsOutside, "abstract-datagram", "a datagram reached an abstract socket outside", |scene, _, name| {
        let service = prepared(Service::abstract_datagram(&scene.token(name)))?;
        Ok(attempt("abstract-datagram", [scene.token(name)], move |_| service.was_called()))
    }),
];

/// The kernel allows about a hundred bytes, and state directories may lie deep.
fn short(scene: &Scene<'_>, name: &str) -> PathBuf {
    scene.root.join(if name == "unix" { "s" } else { "d" })
}

fn calls(verb: &'static str, (service, at): (Service, SocketAddr)) -> Attempt {
    attempt(verb, [at.to_string()], move |_| service.was_called())
}
