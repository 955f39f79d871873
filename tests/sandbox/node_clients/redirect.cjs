// Loaded before a client (`node --require`): what it means for the platform's hosts goes to the
// sandbox. The client itself stays as it was published.
'use strict';
const http = require('http');
const https = require('https');
const { urlToHttpOptions } = require('url');

const sandbox = new URL(process.env.SANDBOX_URL);
const hosts = new RegExp(process.env.PLATFORM_HOSTS);

for (const name of ['request', 'get']) {
  const original = https[name];
  https[name] = function (...args) {
    const callback = typeof args[args.length - 1] === 'function' ? args.pop() : undefined;
    const options = {};
    for (const part of args) {
      const isAddress = typeof part === 'string' || part instanceof URL;
      Object.assign(options, isAddress ? urlToHttpOptions(new URL(part)) : part);
    }
    if (!hosts.test(options.hostname || options.host || '')) {
      return original.call(https, options, callback);
    }
    const { agent, servername, ...kept } = options;
    const host = { protocol: 'http:', host: sandbox.hostname, hostname: sandbox.hostname, port: sandbox.port };
    return http[name]({ ...kept, ...host }, callback);
  };
}
