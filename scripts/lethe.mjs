#!/usr/bin/env node
// The `lethe` command: any of its commands, with its arguments.
import './run.mjs';
