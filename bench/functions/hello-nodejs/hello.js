'use strict';

exports.handler = (event) => `hello, ${event?.name ?? 'world'}`;
