//! A network that lies: it answers look-ups from a script and leads every dial to one receiver,
//! remembering which address was asked for.

use foghorn_dispatch::egress::{AddressPolicy, Egress, Network, Options, Pending};
use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use tokio::net::TcpStream;

#[derive(Debug)]
pub struct Lies {
    /// One for each look-up; the last one repeats.
    answers: Mutex<VecDeque<Vec<IpAddr>>>,
    target: SocketAddr,
    /// What happened, in order.
    seen: Mutex<Vec<String>>,
}

impl Lies {
    pub fn new(answers: &[&[&str]], target: SocketAddr) -> Arc<Self> {
        let parse = |answer: &&[&str]| answer.iter().map(|ip| ip.parse().unwrap()).collect();
        let answers = Mutex::new(answers.iter().map(parse).collect());
        Arc::new(Self { answers, target, seen: Mutex::default() })
    }

    pub fn egress(self: &Arc<Self>, policy: AddressPolicy) -> Egress {
        let network = Arc::clone(self) as Arc<dyn Network>;
        Egress::new(Options { network, ..Options::new(policy) }).unwrap()
    }

    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    fn note(&self, what: String) {
        self.seen.lock().unwrap().push(what);
    }
}

impl Network for Lies {
    fn resolve<'a>(&'a self, host: &'a str) -> Pending<'a, io::Result<Vec<IpAddr>>> {
        self.note(format!("lookup {host}"));
        let mut answers = self.answers.lock().unwrap();
        let next = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        Box::pin(std::future::ready(Ok(next.unwrap_or_default())))
    }

    fn dial(&self, address: SocketAddr) -> Pending<'_, io::Result<TcpStream>> {
        self.note(format!("dial {address}"));
        Box::pin(TcpStream::connect(self.target))
    }

    fn is_local(&self, _ip: IpAddr) -> bool {
        false
    }
}

/// A network of which one part never answers.
#[derive(Debug)]
pub enum Silent {
    Lookup,
    Dial,
}

impl Network for Silent {
    fn resolve<'a>(&'a self, _host: &'a str) -> Pending<'a, io::Result<Vec<IpAddr>>> {
        match self {
            Self::Lookup => Box::pin(std::future::pending()),
            Self::Dial => Box::pin(std::future::ready(Ok(vec![[93, 184, 216, 34].into()]))),
        }
    }

    fn dial(&self, _address: SocketAddr) -> Pending<'_, io::Result<TcpStream>> {
        Box::pin(std::future::pending())
    }

    fn is_local(&self, _ip: IpAddr) -> bool {
        false
    }
}
