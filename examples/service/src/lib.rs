//! Load for the example service: real HTTP requests that know what each answer must be.

pub mod client;

pub mod load;
