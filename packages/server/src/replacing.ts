/** The port with some of its methods replaced, whatever others it has. */
export function replacing<Own extends object, Port extends Own>(port: Port, methods: Own): Port {
  return new Proxy(port, {
    get(target, name) {
      if (Object.hasOwn(methods, name)) return Reflect.get(methods, name);
      const value: unknown = Reflect.get(target, name);
      // A method of a class needs the port itself: what is private in it is not in the proxy.
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
