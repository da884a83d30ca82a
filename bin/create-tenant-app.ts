#!/usr/bin/env node
// The build turns this into ES5, and nothing is imported before the check: an old Node says one line instead of a syntax error.
var version = process.versions.node.split('.');
var major = Number(version[0]);
var minor = Number(version[1]);

if (major < 20 || (major === 20 && minor < 19)) {
  console.error('create-tenant-app needs Node 20.19 or newer; this is ' + process.version + '. See https://nodejs.org');
  process.exitCode = 1;
} else {
  void import('../generators/commands/main.ts');
}

export {};
