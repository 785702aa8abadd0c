import { createElement, type ReactNode } from 'react'
import { renderToString } from 'react-dom/server'
import { expect, test } from 'vitest'
import { createLive } from '../../src/index.js'
import { createHooks } from '../../src/react.js'
import { Fake, json } from '../support/fake.js'

test('on a server the hooks give the state before any answer, and ask nothing', () => {
  const server = new Fake(() => json(['a']))
  const live = createLive('http://server', '', { fetch: server.fetch })
  const { useLive, useAction } = createHooks(live)
  function Page(): ReactNode {
    const { data, connection } = useLive('rows', { a: 1 })
    const [, { isPending }] = useAction('add')
    return createElement('p', null, `${data === undefined ? 'loading' : 'loaded'} ${connection} ${isPending}`)
  }
  expect(renderToString(createElement(Page))).toBe('<p>loading idle false</p>')
  expect(server.asked).toEqual([])
})
