//! The program as users run it: a module for each subject.

#[cfg(test)]
mod confidential;
#[cfg(test)]
mod developer_tools;
#[cfg(test)]
mod help;
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
