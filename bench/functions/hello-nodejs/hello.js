'use strict';

exports.handler = (event) => `hello, ${event || 'world'}`;
