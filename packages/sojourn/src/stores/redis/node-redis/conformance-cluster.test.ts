import { conforms } from './conformance.fixture.ts'

conforms('cluster')
