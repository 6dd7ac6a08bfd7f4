'use strict'

// Reads lines of {"schema": ..., "value": ...} and answers each with true or false: whether Ajv finds the value valid.
const Ajv = require('ajv/dist/2020')
const addFormats = require('ajv-formats')
const readline = require('node:readline')

const ajv = new Ajv({ strict: false, allErrors: true })
addFormats(ajv)
readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const { schema, value } = JSON.parse(line)
  console.log(`valid ${ajv.validate(schema, value)}`)
})
