/** A page with React, in strict mode, where every effect runs twice. */

import { StrictMode, useState, type ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import { createLive } from '../../dist/index.js'
import { createHooks } from '../../dist/react.js'

interface Room {
  id: number
  free: number
}
interface Database {
  public: {
    Functions: {
      availability: { Args: { check_in: string; check_out: string }; Returns: Room[] }
      room_types: { Args: never; Returns: { id: number }[] }
      book_room: { Args: { room_type_id: number; check_in: string; check_out: string }; Returns: { id: number } }
    }
  }
}

const token = new URLSearchParams(location.hash.slice(1)).get('token')
const live = createLive<Database>(location.origin, '', { accessToken: () => token })
const { useLive, useAction } = createHooks(live)
Object.assign(window, { live, renders: 0 })

function Free({ nights, label }: { nights: { check_in: string; check_out: string }; label: string }): ReactNode {
  const { data, connection } = useLive('availability', nights, { debounceMs: 100 })
  Object.assign(window, { renders: (window as unknown as { renders: number }).renders + 1 })
  return <output id={label}>{`${data?.find(({ id }) => id === 9)?.free ?? 'unknown'} ${connection}`}</output>
}

function Page(): ReactNode {
  const [day, setDay] = useState(1)
  const [isShown, setShown] = useState(true)
  const nights = { check_in: `2034-05-0${day}`, check_out: '2034-05-10' }
  const [book, { isPending, error }] = useAction('book_room')
  const skipped = useLive('room_types', null)
  return (
    <>
      {isShown && <Free nights={nights} label="one" />}
      {isShown && <Free nights={{ check_out: nights.check_out, check_in: nights.check_in }} label="two" />}
      <button id="book" onClick={() => void book({ room_type_id: 9, ...nights })}>Book</button>
      <button id="wrong" onClick={() => void book({ room_type_id: 9_999, ...nights })}>Book nothing</button>
      <button id="day" onClick={() => setDay((before) => before + 1)}>Next day</button>
      <button id="hide" onClick={() => setShown(false)}>Hide</button>
      <output id="action">{`${isPending ? 'pending' : 'idle'} ${error?.code ?? 'ok'} ${skipped.connection}`}</output>
    </>
  )
}

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <Page />
  </StrictMode>,
)
