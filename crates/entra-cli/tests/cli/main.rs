//! The program as users run it: a module for each subject.

#[cfg(test)]
mod account;
#[cfg(test)]
mod chain;
#[cfg(test)]
mod confidential;
#[cfg(test)]
mod developer_tools;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod help;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod interrupted;
#[cfg(test)]
mod managed_identity;
#[cfg(test)]
mod support;
#[cfg(test)]
mod token;
#[cfg(unix)]
#[cfg(test)]
mod unix;
#[cfg(test)]
mod usage;
