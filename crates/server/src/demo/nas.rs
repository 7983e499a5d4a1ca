//! A RADIUS client: encodes accounting requests (RFC 2866) and repeats them until answered.

use anyhow::{Result, bail};
use foghorn_model::Mac;
use md5::{Digest, Md5};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::UdpSocket;

const TRIES: u32 = 10;
const PATIENCE: Duration = Duration::from_millis(500);

/// Acct-Status-Type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    Start = 1,
    Stop = 2,
    Update = 3,
}

/// A NAS with a secret.
#[derive(Debug)]
pub struct Nas {
    socket: UdpSocket,
    secret: String,
    identifier: u8,
}

impl Nas {
    pub async fn connect(server: SocketAddr, secret: &str) -> Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        socket.connect(server).await?;
        Ok(Self { socket, secret: secret.into(), identifier: 0 })
    }

    /// Sends a request until it is answered.
    pub async fn send(&mut self, accounting: &Accounting) -> Result<()> {
        self.identifier = self.identifier.wrapping_add(1);
        let packet = encode(self.identifier, &accounting.attributes(), &self.secret)?;
        let mut answer = [0; 4096];
        for _ in 0..TRIES {
            self.socket.send(&packet).await?;
            let received = tokio::time::timeout(PATIENCE, self.socket.recv(&mut answer)).await;
            if let Ok(Ok(length)) = received
                && length >= 20
                && answer[1] == self.identifier
            {
                return Ok(());
            }
        }
        bail!("the RADIUS listener does not answer")
    }
}

/// What a request says of a session.
#[derive(Debug, Clone, PartialEq)]
pub struct Accounting {
    pub status: Status,
    pub session: String,
    pub user: String,
    pub mac: Mac,
    pub bssid: Mac,
    pub ssid: &'static str,
    pub secs: u32,
}

impl Accounting {
    fn attributes(&self) -> Vec<(u8, Vec<u8>)> {
        let dashed = |mac: Mac| mac.0.map(|octet| format!("{octet:02X}")).join("-");
        let number = |number: u32| number.to_be_bytes().to_vec();
        let mut attributes = vec![
            (40, number(u32::from(self.status as u8))),
            (44, self.session.as_bytes().into()),
            (1, self.user.as_bytes().into()),
            (4, vec![127, 0, 0, 1]),
            (30, format!("{}:{}", dashed(self.bssid), self.ssid).into()),
            (31, dashed(self.mac).into()),
            (61, number(19)),
        ];
        if self.status != Status::Start {
            attributes.push((46, number(self.secs)));
            attributes.push((42, number(self.secs.wrapping_mul(1500))));
            attributes.push((43, number(self.secs.wrapping_mul(9000))));
        }
        if self.status == Status::Stop {
            attributes.push((49, number(1)));
        }
        attributes
    }
}

fn encode(identifier: u8, attributes: &[(u8, Vec<u8>)], secret: &str) -> Result<Vec<u8>> {
    let mut packet = vec![4, identifier, 0, 0];
    packet.extend_from_slice(&[0; 16]);
    for (kind, value) in attributes {
        packet.extend_from_slice(&[*kind, u8::try_from(value.len() + 2)?]);
        packet.extend_from_slice(value);
    }
    let length = u16::try_from(packet.len())?;
    packet[2..4].copy_from_slice(&length.to_be_bytes());
    let digest = Md5::new().chain_update(&packet).chain_update(secret).finalize();
    packet[4..20].copy_from_slice(&digest);
    Ok(packet)
}
