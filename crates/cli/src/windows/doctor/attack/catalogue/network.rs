//! The network, and pipes of programs outside.

use pinfold_plan::Promise::{NetworkOff, NetworkRules, SocketsOutside};

use super::Service::{self, TcpHost, TcpSix};
use super::Sign::{Called, PipeWritten, Told};
use super::Verb::{Resolve, Tcp, Udp, WritePipe};
use super::{Attack, attack};

/// A name that is kept for examples, so that somebody answers for it everywhere.
const HOST: &str = "example.com:80";

pub(super) const ATTACKS: &[Attack] = &[
    attack(NetworkOff, "tcp", "a service on 127.0.0.1 was reached", Tcp, &["{tcp}"], Called(Service::Tcp)),
    attack(NetworkOff, "tcp-v-six", "a service on ::1 was reached", Tcp, &["{tcp-six}"], Called(TcpSix)),
    attack(
        NetworkOff,
        "tcp-host",
        "a service on this machine's own address was reached",
        Tcp,
        &["{tcp-host}"],
        Called(TcpHost),
    ),
    attack(NetworkOff, "udp", "a datagram reached 127.0.0.1", Udp, &["{udp}"], Called(Service::Udp)),
    attack(NetworkOff, "tcp-far-away", "a host on the Internet was reached", Tcp, &["{host-far-away}"], Told),
    // The machine's own service asks, whoever it is for.
    attack(NetworkOff, "resolve", "the name of a host on the Internet was looked up", Resolve, &[HOST], Told),
    attack(NetworkRules, "tcp-by-rules", "a service on 127.0.0.1 was reached", Tcp, &["{tcp}"], Called(Service::Tcp)),
    attack(NetworkRules, "tcp-v-six-by-rules", "a service on ::1 was reached", Tcp, &["{tcp-six}"], Called(TcpSix)),
    attack(NetworkRules, "udp-by-rules", "a datagram reached 127.0.0.1", Udp, &["{udp}"], Called(Service::Udp)),
    attack(
        NetworkRules,
        "resolve-by-rules",
        "the name of a host that no rule names was looked up",
        Resolve,
        &[HOST],
        Told,
    ),
    attack(SocketsOutside, "pipe", "a pipe of a program outside was written to", WritePipe, &["{pipe}"], PipeWritten),
];
