//! Kubernetes workload identity.

mod binding;
